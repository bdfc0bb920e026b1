"""Video: a trailer, a short clip; frames in their order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders import pictures, sequences
from tfmmrec.encoders.pictures import PictureEncoder
from tfmmrec.encoders.pictures.normalise import normalised
from tfmmrec.encoders.sequences import SequenceEncoder
from tfmmrec.layers import Augment, Summary, check_augment
from tfmmrec.members import check_choice, chosen, make
from tfmmrec.modalities.frames import ANIMATED, VIDEOS, video_frames
from tfmmrec.modalities.image import Image
from tfmmrec.modalities.media import FOLDER
from tfmmrec.modalities.modality import Modality, Parts, Reject
from tfmmrec.modalities.pretrained import reads_of, with_network


@dataclass(frozen=True)
class Video(Modality):
    """Frames under an encoder of pictures, and what it makes of them under an encoder of sequences.

    Frames are taken at equal distances over the whole video, in preparation; an export is asked with a list
    of encoded pictures, as many frames or fewer. The sound of a video is a feature of its own: write it to a
    WAV file beside, and name it in another column, ``Audio("trailer_sound")``.

    Args:
        column: a column of paths below the data folder: of a folder of pictures, which are read in the order
            of their names; of an animated GIF, WebP or PNG; or of any other video file, with the extra
            ``video``. With `folder`, only the feature's name.
        frames: read of a video.
        height, width: pixels every frame is resized to; multiples of `patch`.
        patch: side of the square that becomes one token.
        picture_encoder: what reads a frame, of `tfmmrec.encoders.pictures`; see `Image`.
        encoder: what reads the frames, of `tfmmrec.encoders.sequences`; see `Text`.
        layers: of either encoder, where it has layers.
        tokens: tokens handed to the fusion, read by attention; 0 hands over every frame. A bag and a TextCNN
            hand over what they pool.
        dropout: the share of rows whose video is hidden in training.
        folder: where the video of each item or user is found by its id, as ``<id>.mp4`` (or another format)
            or a folder ``<id>`` of pictures, instead of a column.
        augment: random changes in training; see `Image`. Each frame changes in its own way.
    """

    frames: int = 8
    height: int = 48
    width: int = 48
    patch: int = 8
    picture_encoder: str | dict[str, Any] = "patches"
    encoder: str | dict[str, Any] = "transformer"
    layers: int = 1
    tokens: int = 4
    dropout: float = 0.1
    folder: str = ""
    augment: tuple[str, ...] = ()

    raw_rank: ClassVar[int] = 1
    media: ClassVar[bool] = True
    decoded_by: ClassVar[tuple[str, ...]] = ("frames", "height", "width")
    endings: ClassVar[tuple[str, ...]] = (*VIDEOS, *ANIMATED, FOLDER)

    def __post_init__(self) -> None:
        super().__post_init__()
        what = f"Video({self.column!r})"
        if self.frames < 1:
            raise ValueError(f"{what}: frames are 1 or more, got {self.frames}.")
        given = ("width", "length", "size", "patch", "layers", "network")
        check_choice(sequences, SequenceEncoder, self.encoder, f"{what}: encoder", given)
        check_choice(pictures, PictureEncoder, self.picture_encoder, f"{what}: picture_encoder", given)
        if reads_of(self.encoder) != "vectors":
            raise ValueError(
                f"{what}: encoder {chosen(self.encoder)['name']!r} reads texts and sounds; a network that "
                "reads frames is a picture_encoder."
            )
        check_augment(what, "picture", self.augment)
        self._as_pictures()

    @property
    def images(self) -> int:
        """Pictures of a row."""
        return self.frames

    def _as_pictures(self) -> Image:
        """The frames as pictures of one row, which are decoded in the same way."""
        size: dict[str, Any] = {"height": self.height, "width": self.width, "patch": self.patch}
        return Image(self.column, images=self.frames, encoder=self.picture_encoder, **size)

    @property
    def files(self) -> tuple[str, ...]:
        return self._as_pictures().files

    def with_files(self, state: dict[str, Any], folder: Path) -> dict[str, Any]:
        return self._as_pictures().with_files(state, folder)

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        rows = []
        for row, cell in enumerate(cells):
            frames: list[bytes] = []
            try:
                frames = video_frames(cell, folder, self.frames)
            except (ValueError, OSError) as error:
                reject(row, str(error))
            rows.append(frames + [b""] * (self.frames - len(frames)))
        return rows

    def fit(self, values: Sequence[Any]) -> dict[str, Any]:
        return {}

    def example(self, state: dict[str, Any]) -> list[bytes]:
        """A black frame."""
        return self._as_pictures().example(state)

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        return self._as_pictures().preprocess(state)

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return self._as_pictures().spec(state)

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return VideoEncoder(
            (self.frames, self.height, self.width),
            self.patch,
            width,
            with_network(self.picture_encoder, state),
            self.encoder,
            self.layers,
            self.tokens,
            self.augment,
            state.get("start"),
            name=name,
        )


@keras.saving.register_keras_serializable("tfmmrec")
class VideoEncoder(keras.layers.Layer):
    """A vector of each frame, read by attention from its squares, and an encoder of the sequence of them.

    Call: ``{"pixels": uint8 [B, F, H, W, 3], "present": int [B, F]} → ([B, T, D], mask [B, T])``.
    """

    def __init__(
        self,
        size: tuple[int, int, int],
        patch: int,
        width: int,
        picture_encoder: str | dict[str, Any],
        encoder: str | dict[str, Any],
        layers: int,
        tokens: int,
        augment: Sequence[str] = (),
        start: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.start = start
        self.augment = Augment("picture", augment, name="augment")
        self.size, self.patch, self.width = tuple(size), patch, width
        self.picture_encoder, self.encoder = picture_encoder, encoder
        self.layers, self.tokens = layers, tokens
        shared = {"width": width, "layers": layers}
        of_picture = {**shared, "size": self.size[1:], "patch": patch, "name": "picture"}
        self.picture = make(pictures, PictureEncoder, picture_encoder, **of_picture)
        self.frame = Summary(1, width, name="frame")
        self.sequence = make(
            sequences, SequenceEncoder, encoder, **shared, length=self.size[0], name="sequence"
        )
        self.summary = None
        if tokens and not self.sequence.pooled:
            self.summary = Summary(tokens, width, name="summary")

    def build(self, *_: Any) -> None:
        self.picture.build((None, *self.size[1:], 3))
        if self.start:
            self.picture.load(self.start)
        self.frame.build((None, self.picture.count, self.width))
        self.sequence.build((None, self.size[0], self.width))
        if self.summary:
            self.summary.build((None, self.size[0], self.width))

    def call(self, parts: Parts, training: bool | None = None) -> tuple[Any, Any]:
        mask = parts["present"] > 0
        x = ops.reshape(parts["pixels"], (-1, *self.size[1:], 3))
        x = self.augment(x, training=training)
        x = ops.cast(x, self.compute_dtype)
        x = self.picture(x if self.picture.own_scale else normalised(x, "range"), training=training)
        x, _ = self.frame(x, ops.ones(ops.shape(x)[:2], "bool"), training=training)
        x, mask = self.sequence(ops.reshape(x, (-1, self.size[0], self.width)), mask, training=training)
        return self.summary(x, mask, training=training) if self.summary else (x, mask)

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        rows, count = shapes["present"][0], self.tokens if self.summary else self.sequence.count
        return (rows, count, self.width), (rows, count)

    def get_config(self) -> dict[str, Any]:
        names = ("size", "patch", "width", "picture_encoder", "encoder", "layers", "tokens")
        mine = {name: getattr(self, name) for name in names} | {"augment": self.augment.names}
        return {**super().get_config(), **mine}
