"""Experts for all tasks, and a gate for each."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.layers import Dropout, ParallelDense, silu
from tfmmrec.sharing.sharing import Sharing


@keras.saving.register_keras_serializable("tfmmrec")
class MMoE(Sharing):
    """Each task reads its own mixture of shared experts (multi-gate mixture of experts, Ma 2018).

    Task k gets ``Σ_e softmax(W_k x)_e · expert_e(x)``; an expert is two dense layers.

    Args:
        width, names, dropout: see `Sharing`.
        experts: how many.
    """

    def __init__(
        self, width: int, names: list[str], dropout: float = 0.1, experts: int = 4, **kwargs: Any
    ) -> None:
        super().__init__(width, names, dropout, **kwargs)
        if experts < 1:
            raise ValueError(f"MMoE: experts must be 1 or more, got {experts}.")
        self.experts = experts
        self.hidden = ParallelDense(experts, 2 * width, silu, name="hidden")
        self.drop = Dropout(dropout, name="drop")
        self.projection = ParallelDense(experts, width, silu, own=True, name="projection")
        self.gates = ParallelDense(len(names), experts, "softmax", name="gates")

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.hidden.build(shape)
        self.projection.build((*shape[:-1], self.experts, 2 * self.width))
        self.gates.build(shape)

    def call(self, features: Any, training: bool | None = None) -> dict[str, Any]:
        experts = self.projection(self.drop(self.hidden(features), training=training))
        return self.by_task(ops.matmul(self.gates(features), experts))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "experts": self.experts}
