"""Tasks in a row, each of which hears what the one before it found."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.layers import Dropout, ParallelDense, silu
from tfmmrec.sharing.sharing import Sharing


@keras.saving.register_keras_serializable("tfmmrec")
class AITM(Sharing):
    """Tasks that follow each other, such as click, cart, buy: information is handed on (Xi, 2021).

    Adaptive information transfer multi-task. Each task has a tower of two dense layers. From the second on
    a task has, beside what its tower found (q), what is passed on of the task before it (p), and weighs the
    two by attention over them: ``z = Σ_u w_u h₁(u)``, ``w = softmax(h₂(u) · h₃(u) / √D)``, u in {p, q}.

    The paper adds a penalty where a later step is likelier than the one before it; here `Binary`'s ``given``
    makes that impossible.

    Args:
        width, names, dropout: see `Sharing`.
        order: names of the tasks as they follow each other, all of them; by default as the schema lists them.
    """

    def __init__(
        self,
        width: int,
        names: list[str],
        dropout: float = 0.1,
        order: list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, names, dropout, **kwargs)
        if order is not None and sorted(order) != sorted(names):
            raise ValueError(
                f"AITM: order must name each task that has a head once, {sorted(names)}; got {list(order)}."
            )
        self.order = None if order is None else list(order)
        self.hidden = ParallelDense(len(names), 2 * width, silu, name="hidden")
        self.drop = Dropout(dropout, name="drop")
        self.projection = ParallelDense(len(names), width, silu, own=True, name="projection")
        after = range(1, len(names))
        self.passed = [keras.layers.Dense(width, activation=silu, name=f"passed_{k}") for k in after]
        self.asked = [ParallelDense(3, width, name=f"asked_{k}") for k in after]

    def build(self, shape: tuple[int | None, ...]) -> None:
        one = (*shape[:-1], self.width)
        self.hidden.build(shape)
        self.projection.build((*shape[:-1], len(self.names), 2 * self.width))
        for passed, asked in zip(self.passed, self.asked, strict=True):
            passed.build(one)
            asked.build((*shape[:-1], 2, self.width))

    def call(self, features: Any, training: bool | None = None) -> dict[str, Any]:
        towers = self.projection(self.drop(self.hidden(features), training=training))
        found: list[Any] = [towers[..., 0, :]]
        for k, (passed, asked) in enumerate(zip(self.passed, self.asked, strict=True), start=1):
            both = ops.stack([passed(found[-1]), towers[..., k, :]], axis=-2)
            heard = asked(both)  # [..., 2, 3, D]
            value, key, query = heard[..., 0, :], heard[..., 1, :], heard[..., 2, :]
            weight = ops.softmax(ops.sum(key * query, axis=-1) * self.width**-0.5, axis=-1)
            found.append(ops.sum(ops.expand_dims(weight, -1) * value, axis=-2))
        by_name = dict(zip(self.order or self.names, found, strict=True))
        return {name: by_name[name] for name in self.names}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "order": self.order}
