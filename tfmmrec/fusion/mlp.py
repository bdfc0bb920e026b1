"""A multilayer perceptron over the modalities side by side."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.fusion.fusion import Fusion, pooled, side_by_side
from tfmmrec.layers import Dropout, silu


@keras.saving.register_keras_serializable("tfmmrec")
class MLP(Fusion):
    """``norm(W_out h)``, ``h = silu(W_L … silu(W_1 [x_1; …; x_M]))``: x_m is the mean of a modality's tokens.

    The deep half of Wide & Deep (Cheng 2016) over modalities instead of columns.

    Args:
        layers: hidden layers.
        hidden: their width; twice that of the result by default.
    """

    def __init__(
        self, width: int, names: list[str], layers: int = 1, hidden: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(width, names, **kwargs)
        if layers < 1:
            raise ValueError(f"MLP needs 1 hidden layer or more, got layers={layers}; Concat has none.")
        self.layers, self.hidden = layers, hidden or 2 * width
        self.stack = [
            keras.layers.Dense(self.hidden, activation=silu, name=f"hidden_{i}") for i in range(layers)
        ]
        self.drop = Dropout(self.dropout, name="drop")
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        size = len(self.names) * self.width
        for layer in self.stack:
            layer.build((None, size))
            size = self.hidden
        self.projection.build((None, size))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        x = side_by_side(pooled(tokens))
        for layer in self.stack:
            x = self.drop(layer(x), training=training)
        return self.norm(self.projection(x))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": self.layers, "hidden": self.hidden}
