"""Squares that attend to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.pictures.picture_encoder import PictureEncoder
from tfmmrec.layers import TransformerBlock


@keras.saving.register_keras_serializable("tfmmrec.pictures")
class Patches(PictureEncoder):
    """A linear map of each square + learned positions + MultiHeadAttention blocks (ViT, Dosovitskiy 2021).

    Args:
        heads: attention heads.
        dropout: the share of values hidden in training, of what each half of a block adds.
    """

    def __init__(
        self,
        width: int,
        size: Sequence[int],
        patch: int,
        layers: int = 1,
        heads: int = 4,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, size, patch, layers, **kwargs)
        self.heads, self.dropout = heads, dropout
        self.projection = keras.layers.Dense(width, name="projection")
        self.blocks = [TransformerBlock(width, heads, dropout, name=f"block_{i}") for i in range(layers)]

    def build(self, *_: Any) -> None:
        self.projection.build((None, self.count, self.patch * self.patch * 3))
        self.position = self.add_weight(
            shape=(self.count, self.width),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="position",
        )
        for block in self.blocks:
            block.build((None, self.count, self.width))

    def encode(self, pixels: Any, training: bool | None) -> Any:
        (rows, columns), side = self.grid, self.patch
        x = ops.reshape(pixels, (-1, rows, side, columns, side, 3))
        x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, rows * columns, side * side * 3))
        x = self.projection(x)
        x = x + ops.cast(self.position, x.dtype)
        everywhere = ops.ones(ops.shape(x)[:2], "bool")
        for block in self.blocks:
            x = block(x, everywhere, training=training)
        return x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout}
