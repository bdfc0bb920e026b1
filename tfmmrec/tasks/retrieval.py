"""Which of all items? With an order of events, or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from keras import ops

from tfmmrec.tasks.task import Step, Task


@dataclass(frozen=True)
class _Retrieval(Task):
    retrieval: ClassVar[bool] = True

    def loss(self, step: Step, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        shape = ops.shape(step.candidates)
        states = ops.broadcast_to(step.states, shape)
        return step.softmax(label, weight, states), ops.sum(weight)


@dataclass(frozen=True)
class NextItem(_Retrieval):
    """Which item comes next? Softmax over the catalogue at every event of a history (SASRec, Kang 2018).

    Needs an order: the schema's timestamp, or ``order="file"``.

    Args:
        weight: of the task in the sum of losses.
    """

    ordered: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return "next_item"


@dataclass(frozen=True)
class Match(_Retrieval):
    """Which other items belong to this user? For data without an order.

    The user is the set of his or her items without the one asked for, plus the user's id and features.

    Args:
        weight: of the task in the sum of losses.
    """

    @property
    def name(self) -> str:
        return "match"
