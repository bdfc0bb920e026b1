"""Experts of each task beside shared ones, in one level or several."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.layers import Dropout, ParallelDense, silu
from tfmmrec.sharing.sharing import Sharing


@keras.saving.register_keras_serializable("tfmmrec")
class PLE(Sharing):
    """Each task mixes experts of its own with shared ones; level upon level (Tang, 2020).

    Progressive layered extraction. In each level there are experts of each task, which read what the task
    has, and shared ones, which read what all have. A task gets the mixture of its own and the shared experts
    that a softmax of what it has says; what all have next is such a mixture of all experts. An expert is two
    dense layers.

    Args:
        width, names, dropout: see `Sharing`.
        levels: how many, one upon the other.
        own: experts of each task in a level.
        shared: experts of all tasks in a level.
    """

    def __init__(
        self,
        width: int,
        names: list[str],
        dropout: float = 0.1,
        levels: int = 2,
        own: int = 2,
        shared: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, names, dropout, **kwargs)
        for name, value in (("levels", levels), ("own", own), ("shared", shared)):
            if value < 1:
                raise ValueError(f"{type(self).__name__}: {name} must be 1 or more, got {value}.")
        self.levels, self.own, self.shared = levels, own, shared
        last = levels - 1
        self.extraction = [
            _Extraction(width, len(names), dropout, own, shared, last=level == last, name=f"level_{level}")
            for level in range(levels)
        ]

    def build(self, shape: tuple[int | None, ...]) -> None:
        groups = len(self.names) + 1
        for level in self.extraction:
            level.build((*shape[:-1], groups, shape[-1]))
            shape = (*shape[:-1], self.width)

    def call(self, features: Any, training: bool | None = None) -> dict[str, Any]:
        groups = ops.repeat(ops.expand_dims(features, -2), len(self.names) + 1, axis=-2)
        for level in self.extraction:
            groups = level(groups, training=training)
        return self.by_task(groups)

    def get_config(self) -> dict[str, Any]:
        mine = {"levels": self.levels, "own": self.own, "shared": self.shared}
        return {**super().get_config(), **mine}


@keras.saving.register_keras_serializable("tfmmrec")
class CGC(PLE):
    """Experts of each task and shared ones, in one level: customized gate control (Tang, 2020).

    Args:
        width, names, dropout: see `Sharing`.
        own: experts of each task.
        shared: experts of all tasks.
    """

    def __init__(
        self, width: int, names: list[str], dropout: float = 0.1, own: int = 2, shared: int = 2, **kwargs: Any
    ) -> None:
        super().__init__(width, names, dropout, 1, own, shared, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {key: value for key, value in super().get_config().items() if key != "levels"}


class _Extraction(keras.layers.Layer):
    """One level: ``[..., T + 1, F] → [..., T + 1, D]``, what all have in the last place; cut off at the last.

    Args:
        width: D.
        tasks: T.
        dropout: of hidden values in experts.
        own, shared: numbers of experts.
        last: nothing reads what all have: no gate is made for it.
    """

    def __init__(
        self, width: int, tasks: int, dropout: float, own: int, shared: int, last: bool, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.width, self.tasks, self.own, self.shared, self.last = width, tasks, own, shared, last
        self.experts = tasks * own + shared
        self.hidden = ParallelDense(self.experts, 2 * width, silu, own=True, name="hidden")
        self.drop = Dropout(dropout, name="drop")
        self.projection = ParallelDense(self.experts, width, silu, own=True, name="projection")
        self.gates = ParallelDense(tasks, own + shared, "softmax", own=True, name="gates")
        if not last:
            self.shared_gate = keras.layers.Dense(self.experts, activation="softmax", name="shared_gate")

    def build(self, shape: tuple[int | None, ...]) -> None:
        *places, _, size = shape
        self.hidden.build((*places, self.experts, size))
        self.projection.build((*places, self.experts, 2 * self.width))
        self.gates.build((*places, self.tasks, size))
        if not self.last:
            self.shared_gate.build((*places, size))

    def call(self, groups: Any, training: bool | None = None) -> Any:
        of_tasks, of_all = groups[..., : self.tasks, :], groups[..., self.tasks :, :]
        read = [ops.repeat(of_tasks, self.own, axis=-2), ops.repeat(of_all, self.shared, axis=-2)]
        experts = self.hidden(ops.concatenate(read, axis=-2))
        experts = self.projection(self.drop(experts, training=training))
        gates, common = self.gates(of_tasks), experts[..., self.tasks * self.own :, :]
        found = []
        for task in range(self.tasks):
            mine = experts[..., task * self.own : (task + 1) * self.own, :]
            both = ops.concatenate([mine, common], axis=-2)
            found.append(ops.matmul(gates[..., task : task + 1, :], both))
        if not self.last:
            found.append(ops.matmul(self.shared_gate(of_all), experts))
        return ops.concatenate(found, axis=-2)
