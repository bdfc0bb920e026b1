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
        low, high: the smallest and largest rating there can be; one beyond counts as missing. None: any.
    """

    column: str
    low: float | None = None
    high: float | None = None

    main_metric: ClassVar[str] = "rmse"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.low is not None and self.high is not None and not self.low < self.high:
            raise ValueError(
                f"Rating({self.column!r}): low must be below high, got low={self.low} and high={self.high}."
            )

    @property
    def name(self) -> str:
        return identifier(self.column)

    def labels(self, cells: Sequence[Any], reject: Reject) -> list[Any]:
        numbers = Number(self.column).raw(cells, Path(), reject)
        low, high = (-np.inf if self.low is None else self.low), (np.inf if self.high is None else self.high)
        for row, number in enumerate(numbers):
            if number < low or number > high:
                reject(row, f"expected a rating from {low:g} to {high:g}, got {cells[row]!r}")
                numbers[row] = np.nan
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
