"""Which of all items? With an order of events, or without."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from keras import ops

from tfmmrec.losses import bpr, gbce
from tfmmrec.tasks.task import Step, Task


@dataclass(frozen=True)
class _Retrieval(Task):
    loss: str = field(default="softmax", kw_only=True)
    calibration: float = field(default=0.75, kw_only=True)

    retrieval: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_loss(self.loss, ("softmax", "bpr", "gbce"))
        if not 0 <= self.calibration <= 1:
            raise ValueError(f"{type(self).__name__}: calibration must be in [0, 1], got {self.calibration}.")

    @property
    def sampled(self) -> bool:
        """Whether the loss is against items that a batch carries, whatever provider the model has."""
        return self.loss != "softmax"

    def weighted_loss(self, step: Step, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        states = ops.broadcast_to(step.states, ops.shape(step.candidates))
        if not self.sampled:
            return step.softmax(label, weight, states), ops.sum(weight)
        logits = step.sample(label, states)
        losses = bpr(*logits) if self.loss == "bpr" else gbce(*logits, step.items, self.calibration)
        return ops.sum(ops.reshape(weight, (-1,)) * losses), ops.sum(weight)


@dataclass(frozen=True)
class NextItem(_Retrieval):
    """Which item comes next? Softmax over the catalogue at every event of a history (SASRec, Kang 2018).

    Needs an order: the schema's timestamp, or ``order="file"``. Where the history's encoder learns from
    hidden events (BERT4Rec), they alone are asked about, and the last.

    Args:
        weight: of the task in the sum of losses.
        loss: ``"softmax"``, over all items where the provider of item vectors knows them all; or, against the
            items that a batch carries, ``"bpr"`` (Rendle, 2009) or ``"gbce"`` (Petrov & Macdonald, 2023).
        calibration: of gBCE, from 0 (plain binary cross-entropy) to 1.
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
        loss: ``"softmax"``, over all items where the provider of item vectors knows them all; or, against the
            items that a batch carries, ``"bpr"`` (Rendle, 2009) or ``"gbce"`` (Petrov & Macdonald, 2023).
        calibration: of gBCE, from 0 (plain binary cross-entropy) to 1.
    """

    @property
    def name(self) -> str:
        return "match"
