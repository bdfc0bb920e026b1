"""A number the user gives: stars, a score, seconds watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfmmrec.metrics import mae, rmse
from tfmmrec.modalities.modality import Reject, identifier
from tfmmrec.modalities.number import Number
from tfmmrec.tasks.task import Step, Task


@dataclass(frozen=True)
class Rating(Task):
    """How many stars will the user give this item? Weighted squared error of the standardised rating.

    Predictions are on the label's scale, clipped to the range seen in training.

    Args:
        column: the event column of numbers; empty is missing.
        weight: of the task in the sum of losses.
    """

    column: str

    main_metric: ClassVar[str] = "rmse"

    @property
    def name(self) -> str:
        return identifier(self.column)

    def labels(self, cells: Sequence[Any], reject: Reject) -> list[Any]:
        numbers = Number(self.column).raw(cells, Path(), reject)
        return [None if np.isnan(number) else number for number in numbers]

    def fit(self, labels: Sequence[Any]) -> dict[str, Any]:
        known = np.asarray([label for label in labels if label is not None], "float64")
        if not len(known):
            return {"mean": 0.0, "scale": 1.0, "low": 0.0, "high": 0.0}
        return {
            "mean": float(known.mean()),
            "scale": float(known.std()) or 1.0,
            "low": float(known.min()),
            "high": float(known.max()),
        }

    def head(self, width: int, state: dict[str, Any]) -> keras.layers.Layer:
        return keras.Sequential(
            [keras.layers.Dense(1, name="output"), keras.layers.Reshape((-1,), dtype="float32", name="flat")],
            name=f"{self.name}_head",
        )

    def loss(self, step: Step, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        output = ops.cast(step.outputs[self.name], "float32")
        errors = ops.square(output - (label - state["mean"]) / state["scale"])
        return ops.sum(weight * errors), ops.sum(weight)

    def predict(self, output: Any, state: dict[str, Any]) -> Any:
        rating = ops.cast(output, "float32") * state["scale"] + state["mean"]
        return ops.clip(rating, state["low"], state["high"])

    def metrics(
        self, label: np.ndarray, prediction: np.ndarray, weight: np.ndarray, state: dict[str, Any]
    ) -> dict[str, float]:
        return {"rmse": rmse(label, prediction, weight), "mae": mae(label, prediction, weight)}
