"""Products of every two modalities, at the price of a sum."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled, side_by_side


@keras.saving.register_keras_serializable("tfmmrec")
class FactorizationMachine(Fusion):
    """``norm(W [x_1; …; x_M] + V Σ_{m<n} x_m ⊙ x_n)``: the factorisation machine (Rendle 2010) of a vector.

    x_m is the mean of a modality's tokens, its factors. All products of two are
    ``½((Σ_m x_m)² − Σ_m x_m²)``. V weighs each dimension, where a machine with one output sums them (so too
    the bi-interaction pooling of He 2017).
    """

    def __init__(self, width: int, names: list[str], **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.linear = keras.layers.Dense(width, name="linear")
        self.products = keras.layers.Dense(width, use_bias=False, name="products")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        self.linear.build((None, len(self.names) * self.width))
        self.products.build((None, self.width))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        x = pooled(tokens)
        exact = ops.cast(x, "float32")  # in half precision little would be left of the difference of squares
        pairs = (ops.square(ops.sum(exact, axis=1)) - ops.sum(ops.square(exact), axis=1)) / 2
        return self.norm(self.linear(side_by_side(x)) + self.products(ops.cast(pairs, x.dtype)))
