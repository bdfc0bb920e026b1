"""Yes or no: a click, a like, a purchase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfmmrec.losses import binary_cross_entropy
from tfmmrec.metrics import accuracy, auc, f1, log_loss
from tfmmrec.modalities.modality import Reject, identifier
from tfmmrec.tasks.task import Step, Task

_YES, _NO = {"1", "true", "yes"}, {"0", "false", "no"}


@dataclass(frozen=True)
class Binary(Task):
    """Will the user like (click, buy) this item? Weighted binary cross-entropy.

    Args:
        column: the event column of 1 or 0 (also true/false, yes/no); empty is missing.
        weight: of the task in the sum of losses.
        positive_weight: class weight of the label 1.
    """

    column: str
    positive_weight: float = 1.0

    main_metric: ClassVar[str] = "auc"

    @property
    def name(self) -> str:
        return identifier(self.column)

    def labels(self, cells: Sequence[Any], reject: Reject) -> list[Any]:
        labels: list[Any] = []
        for row, cell in enumerate(cells):
            text = "" if cell is None else str(cell).strip().lower().removesuffix(".0")
            labels.append(1.0 if text in _YES else 0.0 if text in _NO else None)
            if text and text not in _YES | _NO:
                reject(row, f"expected a label of 1 or 0, got {cell!r}")
        return labels

    def head(self, width: int, state: dict[str, Any]) -> keras.layers.Layer:
        return keras.Sequential(
            [keras.layers.Dense(1, name="output"), keras.layers.Reshape((-1,), dtype="float32", name="flat")],
            name=f"{self.name}_head",
        )

    def class_weight(self, label: np.ndarray, state: dict[str, Any]) -> np.ndarray:
        return np.where(label == 1, self.positive_weight, 1.0).astype("float32")

    def loss(self, step: Step, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        losses = binary_cross_entropy(label, step.outputs[self.name])
        return ops.sum(weight * losses), ops.sum(weight)

    def predict(self, output: Any, state: dict[str, Any]) -> Any:
        return ops.sigmoid(ops.cast(output, "float32"))

    def metrics(
        self, label: np.ndarray, prediction: np.ndarray, weight: np.ndarray, state: dict[str, Any]
    ) -> dict[str, float]:
        decision = (prediction >= 0.5).astype("float32")
        return {
            "auc": auc(label, prediction, weight),
            "log_loss": log_loss(label, prediction, weight),
            "accuracy": accuracy(label, decision, weight),
            "f1": f1(label, decision, weight),
        }
