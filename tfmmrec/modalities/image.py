"""Pictures: a poster, a product photo, an avatar; one or several per row."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.layers import Augment, Summary, TransformerBlock, check_augment
from tfmmrec.modalities.media import media_of
from tfmmrec.modalities.modality import Modality, Parts, Reject

_MOST_PIXELS = 50_000_000  # a picture that unpacks to more is refused before it is unpacked


def checked_image(contents: bytes) -> bytes:
    """The bytes of a picture TensorFlow can decode whole, as they came where they are JPEG, PNG, GIF or BMP.

    Raises:
        ValueError: the bytes are no picture, are cut off, or unpack to more than 50 million pixels.
    """
    from PIL import Image as Pillow

    try:
        with Pillow.open(io.BytesIO(contents)) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise ValueError(
                    f"picture of {picture.width}×{picture.height} pixels is too large; "
                    f"at most {_MOST_PIXELS:,} pixels are unpacked"
                )
            if picture.format == "JPEG" and picture.mode in ("L", "RGB"):
                picture.draft(None, (1, 1))  # every byte is read and checked, few pixels are computed
            picture.load()
            if picture.format in ("JPEG", "PNG", "GIF", "BMP") and picture.mode in ("L", "RGB"):
                return contents
            packed = io.BytesIO()
            picture.convert("RGB").save(packed, "PNG")
            return packed.getvalue()
    except ValueError:
        raise
    except Exception as error:  # Pillow raises OSError, SyntaxError and struct.error for broken files
        raise ValueError(f"not a readable picture ({error})") from error


@dataclass(frozen=True)
class Image(Modality):
    """Pictures cut into patches, under a small Transformer encoder (ViT, Dosovitskiy 2021).

    Args:
        column: a column of paths below the data folder, or in its ``media.tar``; several are separated by
            ``|``. With `folder`, only the feature's name.
        height, width: pixels every picture is resized to; multiples of `patch`.
        patch: side of a square patch.
        images: at most so many pictures of a row are read.
        layers: Transformer blocks.
        tokens: tokens per picture handed to the fusion, read by attention; 0 hands over every patch.
        dropout: the share of rows whose pictures are hidden in training.
        folder: where the picture of each item or user is found by its id, as ``<id>.jpg`` (or another
            format), instead of a column.
        augment: random changes in training, in this order: ``flip`` (left to right), ``shift``, ``zoom``,
            ``rotate``, ``brightness``, ``contrast``.
    """

    height: int = 48
    width: int = 48
    patch: int = 8
    images: int = 1
    layers: int = 1
    tokens: int = 4
    dropout: float = 0.1
    folder: str = ""
    augment: tuple[str, ...] = ()

    raw_rank: ClassVar[int] = 1
    media: ClassVar[bool] = True
    decoded_by: ClassVar[tuple[str, ...]] = ("height", "width", "images")
    endings: ClassVar[tuple[str, ...]] = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")

    @property
    def in_table(self) -> bool:
        return not self.folder

    def __post_init__(self) -> None:
        super().__post_init__()
        check_augment(f"Image({self.column!r})", "picture", self.augment)
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
                for medium in media_of(cell, folder)[: self.images]:
                    pictures.append(checked_image(medium.read()))
            except (ValueError, OSError) as error:
                reject(row, str(error))
            rows.append(pictures + [b""] * (self.images - len(pictures)))
        return rows

    def fit(self, values: Sequence[Any]) -> dict[str, Any]:
        return {}

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

    def encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        size = (self.height, self.width)
        settings = (self.patch, self.images, width, self.layers, self.tokens, self.augment)
        return PatchEncoder(size, *settings, name=name)


@keras.saving.register_keras_serializable("tfmmrec")
class PatchEncoder(keras.layers.Layer):
    """Patches + MultiHeadAttention blocks.

    Call: ``{"pixels": uint8 [B, M, H, W, 3], "present": int [B, M]} → ([B, M·T, D], mask [B, M·T])``.
    """

    def __init__(
        self,
        size: tuple[int, int],
        patch: int,
        images: int,
        width: int,
        layers: int,
        tokens: int,
        augment: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.augment = Augment("picture", augment, name="augment")
        self.size, self.patch, self.images = tuple(size), patch, images
        self.width, self.layers, self.tokens = width, layers, tokens
        self.grid = (size[0] // patch, size[1] // patch)
        self.projection = keras.layers.Dense(width, name="projection")
        self.blocks = [TransformerBlock(width, name=f"block_{i}") for i in range(layers)]
        self.summary = Summary(tokens, width, name="summary") if tokens else None

    def build(self, *_: Any) -> None:
        patches = self.grid[0] * self.grid[1]
        self.projection.build((None, patches, self.patch * self.patch * 3))
        self.position = self.add_weight(
            shape=(patches, self.width),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="position",
        )
        for block in self.blocks:
            block.build((None, patches, self.width))
        if self.summary:
            self.summary.build((None, patches, self.width))

    def call(self, parts: Parts, training: bool | None = None) -> tuple[Any, Any]:
        present = parts["present"] > 0
        (rows, columns), side = self.grid, self.patch
        x = ops.reshape(parts["pixels"], (-1, *self.size, 3))
        x = self.augment(x, training=training)
        x = ops.reshape(x, (-1, rows, side, columns, side, 3))
        x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, rows * columns, side * side * 3))
        x = self.projection(ops.cast(x, self.compute_dtype) / 127.5 - 1.0)
        x = x + ops.cast(self.position, x.dtype)
        everywhere = ops.ones(ops.shape(x)[:2], "bool")
        for block in self.blocks:
            x = block(x, everywhere, training=training)
        if self.summary:
            x, _ = self.summary(x, everywhere, training=training)
        count = self.tokens or rows * columns
        mask = ops.repeat(present, count, axis=1)
        return ops.reshape(x, (-1, self.images * count, self.width)), mask

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        rows = shapes["present"][0]
        count = self.images * (self.tokens or self.grid[0] * self.grid[1])
        return (rows, count, self.width), (rows, count)

    def get_config(self) -> dict[str, Any]:
        names = ("size", "patch", "images", "width", "layers", "tokens")
        mine = {name: getattr(self, name) for name in names} | {"augment": self.augment.names}
        return {**super().get_config(), **mine}
