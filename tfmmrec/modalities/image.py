"""Pictures: a poster, a product photo, an avatar; one or several per row."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders import pictures
from tfmmrec.encoders.pictures import PictureEncoder
from tfmmrec.encoders.pictures.normalise import check_normalise, normalised
from tfmmrec.encoders.presets import pixel_scale
from tfmmrec.layers import Augment, Summary, check_augment
from tfmmrec.members import check_choice, make
from tfmmrec.modalities.media import FOLDER, PICTURES, media_of
from tfmmrec.modalities.modality import Modality, Parts, Reject
from tfmmrec.modalities.pretrained import pretrained_files, pretrained_state, with_network

_MOST_PIXELS = 50_000_000  # a picture that unpacks to more is refused before it is unpacked


class _TooLargeError(ValueError):
    pass


def checked_image(contents: bytes) -> bytes:
    """The bytes of a picture TensorFlow can decode whole, as they came where they are JPEG, PNG, GIF or BMP.

    Raises:
        ValueError: the bytes are no picture, are cut off, or unpack to more than 50 million pixels.
    """
    from PIL import Image as Pillow

    try:
        with Pillow.open(io.BytesIO(contents)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise _TooLargeError(
                    f"picture of {picture.width}×{picture.height} pixels is too large; "
                    f"at most {_MOST_PIXELS:,} pixels are unpacked"
                )
            if picture.format == "JPEG" and picture.mode in ("L", "RGB"):
                picture.draft(None, (1, 1))  # every byte is read and checked, few pixels are computed
            # an animation's frames are all unpacked, whichever of them is looked at
            frames = getattr(picture, "n_frames", 1)
            if picture.width * picture.height * frames > _MOST_PIXELS:
                raise _TooLargeError(
                    f"picture of {frames:,} frames of {picture.width}×{picture.height} pixels is too large; "
                    f"at most {_MOST_PIXELS:,} pixels are unpacked"
                )
            picture.seek(0)
            picture.load()
            if picture.format in ("JPEG", "PNG", "GIF", "BMP") and picture.mode in ("L", "RGB"):
                return contents
            packed = io.BytesIO()
            picture.convert("RGB").save(packed, "PNG")
            return packed.getvalue()
    except _TooLargeError:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError … for broken files
        raise ValueError(f"not a readable picture ({error})") from error


@dataclass(frozen=True)
class Image(Modality):
    """Pictures under an encoder of pictures.

    Args:
        column: a column of paths below the data folder, or in its ``media.tar``; several are separated by
            ``|``. With `folder`, only the feature's name.
        height, width: pixels every picture is resized to; multiples of `patch`.
        patch: side of the square that becomes one token.
        images: at most so many pictures of a row are read.
        encoder: what reads the pixels, of `tfmmrec.encoders.pictures`: ``"patches"``, ``"cnn"``,
            ``"resnet"``, or a dict of ``name`` and settings, such as of a pretrained network ``{"name":
            "backbone", "model": "MobileNet", "weights": "imagenet", "train": "lora"}`` or of a preset
            ``{"name": "backbone", "preset": "presets/vit"}``.
        layers: of the encoder.
        tokens: tokens per picture handed to the fusion, read by attention; 0 hands over every square.
        dropout: the share of rows whose pictures are hidden in training.
        folder: where the picture of each item or user is found by its id, as ``<id>.jpg`` (or another
            format), or its pictures in a folder ``<id>``, instead of a column.
        augment: random changes in training, in this order: ``flip`` (left to right), ``shift``, ``zoom``,
            ``crop`` (at least half of the picture, enlarged), ``rotate``, ``brightness``, ``contrast``,
            ``rand_augment`` (two of many, Cubuk 2020).
        normalise: to what scale pixels are brought: ``"range"`` (from −1 to 1), ``"imagenet"`` (by mean and
            deviation of each colour over ImageNet, as most pretrained encoders have it) or ``"picture"`` (by
            each picture's own, which takes exposure out).
    """

    height: int = 48
    width: int = 48
    patch: int = 8
    images: int = 1
    encoder: str | dict[str, Any] = "patches"
    layers: int = 1
    tokens: int = 4
    dropout: float = 0.1
    folder: str = ""
    augment: tuple[str, ...] = ()
    normalise: str = "range"

    raw_rank: ClassVar[int] = 1
    media: ClassVar[bool] = True
    searched: ClassVar[bool] = True
    decoded_by: ClassVar[tuple[str, ...]] = ("height", "width", "images")
    endings: ClassVar[tuple[str, ...]] = (*PICTURES, FOLDER)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_augment(f"Image({self.column!r})", "picture", self.augment)
        check_normalise(f"Image({self.column!r})", self.normalise)
        what = f"Image({self.column!r}): encoder"
        given = ("width", "size", "patch", "layers", "network")
        check_choice(pictures, PictureEncoder, self.encoder, what, given)
        if self.height % self.patch or self.width % self.patch:
            raise ValueError(
                f"Image({self.column!r}): height and width must be multiples of patch={self.patch}, "
                f"got {self.height}×{self.width}."
            )

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        rows = []
        for row, cell in enumerate(cells):
            pictures: list[bytes] = []
            try:
                for medium in media_of(cell, folder, folders=bool(self.folder))[: self.images]:
                    pictures.append(checked_image(medium.read()))
            except (ValueError, OSError) as error:
                reject(row, str(error))
            rows.append(pictures + [b""] * (self.images - len(pictures)))
        return rows

    def fit(self, values: Sequence[Any]) -> dict[str, Any]:
        return {}

    @property
    def files(self) -> tuple[str, ...]:
        return pretrained_files(self.encoder)

    def with_files(self, state: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Adds what a pretrained encoder is made from.

        Raises:
            ValueError: the file of its weights, or its preset, cannot be had.
        """
        found = pretrained_state(f"{self.column!r}", self.encoder, "picture", folder)
        where = found.pop("where", None)
        if where is not None:
            found["network"] |= pixel_scale(where)
        return {**state, **found}

    def example(self, state: dict[str, Any]) -> list[bytes]:
        """A black picture."""
        from PIL import Image as Pillow

        packed = io.BytesIO()
        Pillow.new("RGB", (self.width, self.height)).save(packed, "PNG")
        return [packed.getvalue()]

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        import tensorflow as tf

        size = (self.height, self.width)

        def decode(contents: Any) -> Any:
            def picture() -> Any:
                pixels = tf.io.decode_image(contents, channels=3, expand_animations=False)
                pixels = tf.image.resize(tf.cast(pixels, tf.float32), size, antialias=True)
                return tf.cast(tf.clip_by_value(tf.round(pixels), 0, 255), tf.uint8)

            pixels = tf.cond(contents == b"", lambda: tf.zeros((*size, 3), tf.uint8), picture)
            return tf.ensure_shape(pixels, (*size, 3))

        def pictures(values: Any) -> Parts:
            rows = tf.shape(values)[0]
            values = values[:, : self.images]
            values = tf.pad(values, [[0, 0], [0, self.images - tf.shape(values)[1]]])
            flat = tf.reshape(values, [-1])
            pixels = tf.map_fn(decode, flat, fn_output_signature=tf.uint8)
            return {
                "pixels": tf.reshape(pixels, [rows, self.images, *size, 3]),
                "present": tf.ensure_shape(tf.cast(values != b"", tf.int32), [None, self.images]),
            }

        return pictures

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        pixels = (self.images, self.height, self.width, 3)
        return {"pixels": (pixels, "uint8"), "present": ((self.images,), "int32")}

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        size = (self.height, self.width)
        encoder = with_network(self.encoder, state)
        settings = (encoder, self.patch, self.images, width, self.layers, self.tokens, self.augment)
        return PicturesEncoder(size, *settings, self.normalise, state.get("start"), name=name)


@keras.saving.register_keras_serializable("tfmmrec")
class PicturesEncoder(keras.layers.Layer):
    """Augmentation + an encoder of each picture + a summary of it. Its configuration knows no `start`.

    Call: ``{"pixels": uint8 [B, M, H, W, 3], "present": int [B, M]} → ([B, M·T, D], mask [B, M·T])``.
    """

    def __init__(
        self,
        size: tuple[int, int],
        encoder: str | dict[str, Any],
        patch: int,
        images: int,
        width: int,
        layers: int,
        tokens: int,
        augment: Sequence[str] = (),
        normalise: str = "range",
        start: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.normalise, self.start = normalise, start
        self.augment = Augment("picture", augment, name="augment")
        self.size, self.encoder, self.patch, self.images = tuple(size), encoder, patch, images
        self.width, self.layers, self.tokens = width, layers, tokens
        settings = {"width": width, "size": self.size, "patch": patch, "layers": layers, "name": "picture"}
        self.picture = make(pictures, PictureEncoder, encoder, **settings)
        self.summary = Summary(tokens, width, name="summary") if tokens else None
        self.count = tokens or self.picture.count

    def build(self, *_: Any) -> None:
        self.picture.build((None, *self.size, 3))
        if self.start:
            self.picture.load(self.start)
        if self.summary:
            self.summary.build((None, self.picture.count, self.width))

    def call(self, parts: Parts, training: bool | None = None) -> tuple[Any, Any]:
        present = parts["present"] > 0
        x = ops.reshape(parts["pixels"], (-1, *self.size, 3))
        x = self.augment(x, training=training)
        x = ops.cast(x, self.compute_dtype)
        x = x if self.picture.own_scale else normalised(x, self.normalise)
        x = self.picture(x, training=training)
        if self.summary:
            x, _ = self.summary(x, ops.ones(ops.shape(x)[:2], "bool"), training=training)
        mask = ops.repeat(present, self.count, axis=1)
        return ops.reshape(x, (-1, self.images * self.count, self.width)), mask

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        rows, count = shapes["present"][0], self.images * self.count
        return (rows, count, self.width), (rows, count)

    def get_config(self) -> dict[str, Any]:
        names = ("size", "encoder", "patch", "images", "width", "layers", "tokens", "normalise")
        mine = {name: getattr(self, name) for name in names} | {"augment": self.augment.names}
        return {**super().get_config(), **mine}
