"""One stack of dense layers for all tasks."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.layers import Dropout, silu
from tfmmrec.sharing.sharing import Sharing


@keras.saving.register_keras_serializable("tfmmrec")
class SharedBottom(Sharing):
    """Every task reads the same two dense layers (hard parameter sharing, Caruana 1997)."""

    def __init__(self, width: int, names: list[str], **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.hidden = keras.layers.Dense(2 * width, activation=silu, name="hidden")
        self.drop = Dropout(self.dropout, name="drop")
        self.projection = keras.layers.Dense(width, activation=silu, name="projection")

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.hidden.build(shape)
        self.projection.build((*shape[:-1], 2 * self.width))

    def call(self, features: Any, training: bool | None = None) -> dict[str, Any]:
        shared = self.projection(self.drop(self.hidden(features), training=training))
        return dict.fromkeys(self.names, shared)
