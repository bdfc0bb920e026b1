"""A missing modality is a mask plus a learned token."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfmmrec")
class MissingToken(keras.layers.Layer):
    """Puts a learned token where a row has no token; in training also drops the modality at random.

    Call: ``(tokens [B, T, D], mask [B, T]) → (tokens [B, T, D], mask [B, T], present [B])``. A row without
    any unmasked token gets the learned token at place 0 and a mask that shows only that place. With
    probability `rate` a present row is treated the same in training (modality dropout, Neverova 2015), so
    that the model learns to do without. `present` tells which rows kept their own tokens.
    """

    def __init__(self, width: int, rate: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= rate < 1:
            raise ValueError(f"A modality's dropout rate lies in [0, 1), got {rate}.")
        self.width, self.rate = width, rate
        self.seed_generator = keras.random.SeedGenerator()

    def build(self, shape: tuple[int | None, ...], *_: Any) -> None:
        self.token = self.add_weight(
            shape=(self.width,), initializer=keras.initializers.RandomNormal(stddev=0.02), name="token"
        )

    def call(self, tokens: Any, mask: Any, training: bool | None = None) -> tuple[Any, Any, Any]:
        present = ops.any(mask, axis=-1)
        if training and self.rate:
            kept = keras.random.uniform(ops.shape(present), seed=self.seed_generator) >= self.rate
            present = ops.logical_and(present, kept)
        row = ops.expand_dims(present, -1)
        first = ops.broadcast_to(ops.arange(ops.shape(tokens)[1]) == 0, ops.shape(mask))
        learned = ops.broadcast_to(ops.cast(self.token, tokens.dtype), ops.shape(tokens))
        return (
            ops.where(ops.expand_dims(row, -1), tokens, learned),
            ops.where(row, mask, first),
            present,
        )

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[Any, Any, Any]:
        return shape, shape[:2], shape[:1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "rate": self.rate}
