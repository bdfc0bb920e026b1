"""A tower for each task, and mixtures between them."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.layers import Dropout, ParallelDense, silu
from tfmmrec.layers.parallel_dense import rowwise
from tfmmrec.sharing.sharing import Sharing


@keras.saving.register_keras_serializable("tfmmrec")
class CrossStitch(Sharing):
    """Each task has a tower of two dense layers; after each layer towers are mixed (Misra, 2016).

    A unit's value in the tower of task k becomes ``Σ_j α_kj · its value in the tower of task j``, with one
    learned matrix α behind each layer.

    Args:
        width, names, dropout: see `Sharing`.
        own: what a tower keeps of itself at the beginning (α_kk); the others share what is left.
    """

    def __init__(
        self, width: int, names: list[str], dropout: float = 0.1, own: float = 0.9, **kwargs: Any
    ) -> None:
        super().__init__(width, names, dropout, **kwargs)
        self.own = own
        self.hidden = ParallelDense(len(names), 2 * width, silu, name="hidden")
        self.drop = Dropout(dropout, name="drop")
        self.projection = ParallelDense(len(names), width, silu, own=True, name="projection")

    def build(self, shape: tuple[int | None, ...]) -> None:
        count = len(self.names)
        others = (1 - self.own) / max(1, count - 1)
        start = [[self.own if k == j else others for j in range(count)] for k in range(count)]
        for name in ("stitch_hidden", "stitch_projection"):
            value = keras.initializers.Constant(start if count > 1 else 1.0)
            setattr(self, name, self.add_weight(shape=(count, count), initializer=value, name=name))
        self.hidden.build(shape)
        self.projection.build((*shape[:-1], count, 2 * self.width))

    def call(self, features: Any, training: bool | None = None) -> dict[str, Any]:
        hidden = rowwise("njd,kj->nkd", self.hidden(features), self.stitch_hidden)
        towers = self.projection(self.drop(hidden, training=training))
        towers = rowwise("njd,kj->nkd", towers, self.stitch_projection)
        return self.by_task(towers)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "own": self.own}
