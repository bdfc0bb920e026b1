"""Yes or no: a click, a like, a purchase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfmmrec.losses import binary_cross_entropy, binary_focal
from tfmmrec.metrics import accuracy, auc, f1, log_loss
from tfmmrec.modalities.modality import Reject, identifier
from tfmmrec.tasks.task import Step, Task

_YES, _NO = {"1", "true", "yes"}, {"0", "false", "no"}


@dataclass(frozen=True)
class Binary(Task):
    """Will the user like (click, buy) this item? Weighted binary cross-entropy.

    With `given`, such as ``Binary("buy", given="click")``, the answer is the probability of both, the other
    task's times that of this one's head: ``pCTCVR = pCTR · pCVR`` (Ma, 2018b). It is learnt from all events
    and not from the clicked ones alone, and is never above the other's answer. Where the other's label is 0
    and this one's is missing, this one's is 0.

    Args:
        column: the event column of 1 or 0 (also true/false, yes/no); empty is missing.
        weight: of the task in the sum of losses.
        positive_weight: class weight of the label 1 in the loss, above 0; in measures all count alike.
        loss: ``"cross_entropy"``, or ``"focal"``, where what is told well already counts little (Lin, 2017).
        gamma: of the focal loss, 0 or more; 0 is the cross-entropy.
        given: the name of another Binary: this one can only be a yes where that one is. None: they are
            independent.
    """

    column: str
    positive_weight: float = 1.0
    given: str | None = None
    loss: str = "cross_entropy"
    gamma: float = 2.0

    main_metric: ClassVar[str] = "auc"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_loss(self.loss, ("cross_entropy", "focal"))
        if not self.gamma >= 0:
            raise ValueError(f"{type(self).__name__}: gamma must be 0 or more, got {self.gamma}.")
        if not self.positive_weight > 0:
            raise ValueError(
                f"{type(self).__name__}: positive_weight must be above 0, or only the label 0 is learnt; got "
                f"{self.positive_weight}."
            )

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

    def weighted_loss(self, step: Step, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        output = step.outputs[self.name]
        focal = self.loss == "focal"
        losses = binary_focal(label, output, self.gamma) if focal else binary_cross_entropy(label, output)
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


@keras.saving.register_keras_serializable("tfmmrec")
class Both(keras.layers.Layer):
    """The logit of two yeses, one given the other: ``σ(z) = σ(a) σ(b)``; stable for any logits ``[B, K]``."""

    def call(self, one: Any, other: Any) -> Any:
        # the odds against are e⁻ᵃ + e⁻ᵇ + e⁻ᵃ⁻ᵇ
        return -ops.logsumexp(ops.stack([-one, -other, -one - other], axis=-1), axis=-1)

    def compute_output_shape(self, one_shape: Any, other_shape: Any) -> Any:
        return one_shape
