"""Contrastive alignment: an item's modalities are nearer to each other than to other items'."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.alignment.alignment import Alignment


@keras.saving.register_keras_serializable("tfmmrec")
class Contrastive(Alignment):
    """Symmetric InfoNCE over the items of a step (CLIP, Radford 2021).

    ``½ [CE(A Bᵀ / τ, i) + CE(B Aᵀ / τ, i)]`` with A and B of unit length, over rows that have both.

    Args:
        temperature: τ.
    """

    def __init__(
        self, names: list[str], weight: float = 0.1, temperature: float = 0.1, **kwargs: Any
    ) -> None:
        super().__init__(names, weight, **kwargs)
        self.temperature = temperature

    def pair_loss(self, a: Any, b: Any, a_present: Any, b_present: Any) -> Any:
        both = ops.logical_and(a_present, b_present)
        a, b = (ops.normalize(ops.cast(x, "float32"), axis=-1) for x in (a, b))
        logits = ops.where(ops.expand_dims(both, 0), ops.matmul(a, ops.transpose(b)) / self.temperature, -1e9)
        back = ops.where(ops.expand_dims(both, 0), ops.matmul(b, ops.transpose(a)) / self.temperature, -1e9)
        agreeing = ops.sum(a * b, axis=-1) / self.temperature
        loss = (ops.logsumexp(logits, axis=-1) + ops.logsumexp(back, axis=-1)) / 2 - agreeing
        weight = ops.cast(both, "float32")
        return ops.sum(weight * loss) / ops.maximum(ops.sum(weight), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "temperature": self.temperature}
