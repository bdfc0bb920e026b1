"""A number the user gives: stars, a score, seconds watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfmmrec.losses import huber, ordinal_cross_entropy, squared_error
from tfmmrec.metrics import mae, rmse
from tfmmrec.modalities.modality import Reject, identifier
from tfmmrec.modalities.number import Number
from tfmmrec.tasks.task import Step, Task

_MOST_LEVELS = 100


@dataclass(frozen=True)
class Rating(Task):
    """How many stars will the user give this item? Weighted squared error of the standardised rating.

    Predictions are on the label's scale, clipped to the range seen in training. With the loss ``"ordinal"``
    the levels seen in training are what there is: the head has one output and a threshold between each two
    of them (CORAL, Cao 2020), and the prediction is the expected level.

    Args:
        column: the event column of numbers; empty is missing.
        weight: of the task in the sum of losses.
        low, high: the smallest and largest rating there can be; one beyond counts as missing. None: any.
        loss: ``"mse"``, ``"huber"``, which outliers move less, or ``"ordinal"``, for a few levels.
        delta: of the Huber loss, in standard deviations of the rating: errors beyond count linearly.

    Raises:
        ValueError: in preparation, more than 100 levels for ``"ordinal"``.
    """

    column: str
    low: float | None = None
    high: float | None = None
    loss: str = "mse"
    delta: float = 1.0

    main_metric: ClassVar[str] = "rmse"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_loss(self.loss, ("mse", "huber", "ordinal"))
        if not self.delta > 0:
            raise ValueError(f"Rating({self.column!r}): delta must be above 0, got {self.delta}.")
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
        if self.loss == "ordinal":
            levels = np.unique(known).tolist()
            if len(levels) > _MOST_LEVELS:
                raise ValueError(
                    f"Rating({self.column!r}, loss='ordinal') is for a few levels, and training has "
                    f"{len(levels)} different ratings; take loss='mse' or 'huber'."
                )
            return {"levels": levels if len(levels) > 1 else [*levels, *levels, 0.0, 0.0][:2]}
        if not len(known):
            return {"mean": 0.0, "scale": 1.0, "low": 0.0, "high": 0.0}
        return {
            "mean": float(known.mean()),
            "scale": float(known.std()) or 1.0,
            "low": float(known.min()),
            "high": float(known.max()),
        }

    def head(self, width: int, state: dict[str, Any]) -> keras.layers.Layer:
        if self.loss == "ordinal":
            return Thresholds(len(state["levels"]) - 1, dtype="float32", name=f"{self.name}_head")
        return keras.Sequential(
            [keras.layers.Dense(1, name="output"), keras.layers.Reshape((-1,), dtype="float32", name="flat")],
            name=f"{self.name}_head",
        )

    def weighted_loss(self, step: Step, label: Any, weight: Any, state: dict[str, Any]) -> tuple[Any, Any]:
        output = step.outputs[self.name]
        if self.loss == "ordinal":
            between = [(a + b) / 2 for a, b in zip(state["levels"], state["levels"][1:], strict=False)]
            levels = ops.convert_to_tensor(between, "float32")
            level = ops.sum(ops.cast(ops.expand_dims(label, -1) > levels, "float32"), axis=-1)
            losses = ordinal_cross_entropy(level, output)
        else:
            label = (label - state["mean"]) / state["scale"]
            huber_loss = self.loss == "huber"
            losses = huber(label, output, self.delta) if huber_loss else squared_error(label, output)
        return ops.sum(weight * losses), ops.sum(weight)

    def predict(self, output: Any, state: dict[str, Any]) -> Any:
        if self.loss == "ordinal":
            steps = ops.convert_to_tensor(np.diff(state["levels"]), "float32")
            return state["levels"][0] + ops.sum(steps * ops.sigmoid(ops.cast(output, "float32")), axis=-1)
        rating = ops.cast(output, "float32") * state["scale"] + state["mean"]
        return ops.clip(rating, state["low"], state["high"])

    def metrics(
        self, label: np.ndarray, prediction: np.ndarray, weight: np.ndarray, state: dict[str, Any]
    ) -> dict[str, float]:
        return {"rmse": rmse(label, prediction, weight), "mae": mae(label, prediction, weight)}


@keras.saving.register_keras_serializable("tfmmrec")
class Thresholds(keras.layers.Layer):
    """One output beside several thresholds: ``[B, K, D] → [B, K, count]``, logits of being above each.

    They begin in falling order, as if all levels were as frequent, and the output is the same for all, so
    that in the end they cannot contradict each other (Cao, 2020).

    Args:
        count: thresholds; one less than there are levels.
    """

    def __init__(self, count: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.output_layer = keras.layers.Dense(1, use_bias=False, dtype=self.dtype_policy, name="output")

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.output_layer.build(shape)
        share = 1 - np.arange(1, self.count + 1) / (self.count + 1)
        start = keras.initializers.Constant(np.log(share / (1 - share)))
        self.bias = self.add_weight(shape=(self.count,), initializer=start, name="bias")

    def call(self, features: Any) -> Any:
        return self.output_layer(features) + self.bias

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*shape[:-1], self.count)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "count": self.count}
