"""Gated multimodal units: each item says how much of which modality it takes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled, side_by_side


@keras.saving.register_keras_serializable("tfmmrec")
class Gated(Fusion):
    """``Σ_m z_m ⊙ tanh(W_m x_m)`` with ``z_m = σ(U_m [x_1; …; x_M])`` (GMU, Arevalo 2017).

    ``x_m`` is the mean of the tokens of modality m. Gates are per value and per item, so that a poster may
    speak for one item and the text for another.
    """

    def __init__(self, width: int, names: list[str], **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.gate = keras.layers.Dense(len(names) * width, activation="sigmoid", name="gate")

    def build(self, *_: Any) -> None:
        self.gate.build((None, len(self.names) * self.width))
        each = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        shape = (len(self.names), self.width, self.width)
        self.kernel = self.add_weight(shape=shape, initializer=each, name="kernel")

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        x = pooled(tokens)
        spoken = ops.tanh(ops.einsum("bmd,mde->bme", x, ops.cast(self.kernel, x.dtype)))
        gates = ops.reshape(self.gate(side_by_side(x)), (-1, len(self.names), self.width))
        return ops.sum(gates * spoken, axis=1)
