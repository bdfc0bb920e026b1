"""Pooled modalities, each through a matrix of its own, added up."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion
from tfmmrec.layers import masked_mean


@keras.saving.register_keras_serializable("tfmmrec")
class Sum(Fusion):
    """``W_1 mean(tokens of modality 1) + … + W_M mean(tokens of modality M)``; each W starts as identity.

    Nothing is normalised: what a feature says is as strong as its encoder makes it, and an item of which
    little is known has a short vector. For small catalogues, and for features such as tags.
    """

    def build(self, *_: Any) -> None:
        def identities(shape: tuple[int, ...], dtype: Any = None) -> Any:
            return ops.broadcast_to(ops.eye(self.width, dtype=dtype), shape)

        shape = (len(self.names), self.width, self.width)
        self.kernels = self.add_weight(shape=shape, initializer=identities, name="kernels")

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        pooled = ops.stack([masked_mean(x, mask) for x, mask in tokens])
        return ops.sum(ops.matmul(pooled, ops.cast(self.kernels, pooled.dtype)), axis=0)
