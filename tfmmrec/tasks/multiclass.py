"""One of several classes: the mood, the device, the reason given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfmmrec.losses import categorical_cross_entropy, categorical_focal
from tfmmrec.metrics import accuracy, macro_f1
from tfmmrec.modalities.lookup import terms_by_count
from tfmmrec.modalities.modality import Reject, identifier, text_of
from tfmmrec.tasks.task import Step, Task


@dataclass(frozen=True)
class Multiclass(Task):
    """Which class will this event have? Weighted softmax cross-entropy.

    Args:
        column: the event column of class names; empty is missing. A class unseen in training is missing too.
        weight: of the task in the sum of losses.
        loss: ``"cross_entropy"``, or ``"focal"``, where what is told well already counts little (Lin, 2017).
        gamma: of the focal loss, 0 or more; 0 is the cross-entropy.
        balanced: weight classes in the loss by the inverse of their frequency in training.
    """

    column: str
    balanced: bool = False
    loss: str = "cross_entropy"
    gamma: float = 2.0

    main_metric: ClassVar[str] = "accuracy"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_loss(self.loss, ("cross_entropy", "focal"))
        if not self.gamma >= 0:
            raise ValueError(f"{type(self).__name__}: gamma must be 0 or more, got {self.gamma}.")

    @property
    def name(self) -> str:
        return identifier(self.column)

    def labels(self, cells: Sequence[Any], reject: Reject) -> list[Any]:
        return [text_of(cell) or None for cell in cells]

    def fit(self, labels: Sequence[Any]) -> dict[str, Any]:
        counts = Counter(label for label in labels if label is not None)
        terms = terms_by_count(counts.elements())
        share = [counts.total() / (len(terms) * counts[term]) for term in terms]
        return {"classes": terms, "class_weights": share if self.balanced else [1.0] * len(terms)}

    def encode(self, labels: Sequence[Any], state: dict[str, Any]) -> np.ndarray:
        number = {term: i for i, term in enumerate(state["classes"])}
        return np.asarray([number.get(label, np.nan) for label in labels], "float32")

    def head(self, width: int, state: dict[str, Any]) -> keras.layers.Layer:
        return keras.layers.Dense(max(1, len(state["classes"])), dtype="float32", name=f"{self.name}_head")

    def class_weight(self, label: np.ndarray, state: dict[str, Any]) -> np.ndarray:
        return np.asarray(state["class_weights"], "float32")[label.astype("int64")]

    def weighted_loss(self, step: Step, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        output = step.outputs[self.name]
        focal = self.loss == "focal"
        losses = (
            categorical_focal(label, output, self.gamma)
            if focal
            else categorical_cross_entropy(label, output)
        )
        return ops.sum(weight * losses), ops.sum(weight)

    def predict(self, output: Any, state: dict[str, Any]) -> Any:
        return ops.softmax(ops.cast(output, "float32"), axis=-1)

    def metrics(
        self, label: np.ndarray, prediction: np.ndarray, weight: np.ndarray, state: dict[str, Any]
    ) -> dict[str, float]:
        decision = prediction.argmax(axis=-1)
        label = label.astype("int64")
        return {
            "accuracy": accuracy(label, decision, weight),
            "macro_f1": macro_f1(label, decision, weight),
        }
