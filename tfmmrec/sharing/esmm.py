"""A tower for each task over what they read alike, for tasks of which one is given another."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.layers import Dropout, ParallelDense, silu
from tfmmrec.sharing.sharing import Sharing


@keras.saving.register_keras_serializable("tfmmrec")
class ESMM(Sharing):
    """Entire-space multi-task model: separate towers, tied by ``pCTCVR = pCTR · pCVR`` (Ma, 2018b).

    Users and items are the same for all tasks; above them each task has a tower of two dense layers. What
    ties the tasks is their relation, which the schema states: ``Binary("buy", given="click")``. So the tower
    of the later task (conversion after a click) learns from all impressions and not from those alone that
    were clicked, which are no fair sample.
    """

    def __init__(self, width: int, names: list[str], dropout: float = 0.1, **kwargs: Any) -> None:
        super().__init__(width, names, dropout, **kwargs)
        self.hidden = ParallelDense(len(names), 2 * width, silu, name="hidden")
        self.drop = Dropout(dropout, name="drop")
        self.projection = ParallelDense(len(names), width, silu, own=True, name="projection")

    def check(self, given: dict[str, str]) -> None:
        if not given:
            raise ValueError(
                "ESMM is for tasks of which one can only be a yes where another is: say which in the schema, "
                'as in Binary("buy", given="click"), or take another sharing.'
            )

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.hidden.build(shape)
        self.projection.build((*shape[:-1], len(self.names), 2 * self.width))

    def call(self, features: Any, training: bool | None = None) -> dict[str, Any]:
        return self.by_task(self.projection(self.drop(self.hidden(features), training=training)))
