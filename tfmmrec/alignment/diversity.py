"""Alignments that keep something apart: items by a determinant, modalities by right angles."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from tfmmrec.alignment.alignment import Alignment
from tfmmrec.layers import unit


@keras.saving.register_keras_serializable("tfmmrec")
class Determinantal(Alignment):
    """``log(1 + α) − 1/n log det(I + α K)``, ``K_ij = u_i · u_j``, ``u_i = ½ (a_i + b_i)``; a, b of length 1.

    K is the kernel of a determinantal point process (Kulesza and Taskar, 2012) over the n items of a step
    that have both modalities; u_i is what an item's two modalities say together. The determinant is the
    squared volume that the items span, so that minimising its negative logarithm rewards two things. Items
    whose modalities agree: the diagonal is ``K_ii = ½ (1 + cos(a_i, b_i))``, and a vector of two opposite
    halves spans nothing. And items that differ: for a given diagonal the determinant is largest where the
    rest of K is 0 (Hadamard). Without the second, all items at one point would do. (Over the modalities of
    one item instead, it would reward modalities that say different things: see `Orthogonality`.)
    The constant makes 0 the best: all modalities agree and all items are at right angles.

    Args:
        alpha: α; the larger, the more the smallest directions count.
    """

    def __init__(self, names: list[str], weight: float = 0.1, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(names, weight, **kwargs)
        if not alpha > 0:
            raise ValueError(f"alpha must be above 0, got {alpha}.")
        self.alpha = alpha

    def pair_loss(self, a: Any, b: Any, a_present: Any, b_present: Any) -> Any:
        both = ops.cast(ops.logical_and(a_present, b_present), "float32")
        u = (unit(ops.cast(a, "float32")) + unit(ops.cast(b, "float32"))) / 2 * ops.expand_dims(both, 1)
        # det(I + α U Uᵀ) = det(I + α Uᵀ U) (Sylvester): the width is less than the items of a step
        inner = ops.eye(u.shape[1], dtype="float32") + self.alpha * ops.matmul(ops.transpose(u), u)
        log_det = 2 * ops.sum(ops.log(ops.diagonal(ops.cholesky(inner))))
        count = ops.sum(both)
        return (count * math.log1p(self.alpha) - log_det) / ops.maximum(count, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


@keras.saving.register_keras_serializable("tfmmrec")
class Orthogonality(Alignment):
    """``‖1/n Σ_i a_i b_iᵀ‖²`` (Frobenius), a and b of unit length: modalities say different things.

    The difference loss of domain separation networks (Bousmalis 2016), over the n rows that have both. It
    does not bring modalities together but keeps one from repeating the other; beside tasks that need both.
    """

    def pair_loss(self, a: Any, b: Any, a_present: Any, b_present: Any) -> Any:
        both = ops.cast(ops.logical_and(a_present, b_present), "float32")
        a, b = (unit(ops.cast(x, "float32")) for x in (a, b))
        crossed = ops.matmul(ops.transpose(a * ops.expand_dims(both, 1)), b)
        return ops.sum(ops.square(crossed / ops.maximum(ops.sum(both), 1.0)))
