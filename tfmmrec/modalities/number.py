"""A quantity: year, price, age."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfmmrec.modalities.modality import Modality, Parts, Reject

_LARGEST = float(np.finfo("float32").max)


def read_floats(cells: Sequence[Any], reject: Reject) -> list[float]:
    """Cells as floats; missing → NaN; what is no finite float32 (also a written "nan") is rejected."""
    numbers = []
    for row, cell in enumerate(cells):
        number = math.nan
        if cell is not None and cell != "" and cell == cell:  # a float column's own NaN is an empty cell
            try:
                number = float(cell)
                if not abs(number) <= _LARGEST:
                    number = math.nan
                    reject(row, f"expected a finite number, got {cell!r}")
            except OverflowError:
                reject(row, f"expected a finite number, got one of {len(str(cell))} digits")
            except (TypeError, ValueError):
                reject(row, f"expected a number, got {cell!r}")
        numbers.append(number)
    return numbers


@dataclass(frozen=True)
class Number(Modality):
    """A number: one token. Clipped to quantiles of the training rows, then standardised by them.

    Args:
        column: the column.
        clip: values beyond this quantile on either side are clipped to it.
        dropout: the share of rows whose number is hidden in training.
    """

    clip: float = 0.001
    dropout: float = 0.0

    raw_dtype: ClassVar[str] = "float"

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        return read_floats(cells, reject)

    def fit(self, values: Sequence[float]) -> dict[str, Any]:
        known = np.asarray(values, "float64")
        known = known[np.isfinite(known)]
        if not len(known):
            return {"low": 0.0, "high": 0.0, "mean": 0.0, "scale": 1.0}
        low, high = (float(q) for q in np.quantile(known, [self.clip, 1 - self.clip]))
        clipped = np.clip(known, low, high)
        scale = float(clipped.std())
        return {"low": low, "high": high, "mean": float(clipped.mean()), "scale": scale or 1.0}

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        import tensorflow as tf

        def standardise(values: Any) -> Parts:
            values = tf.cast(values, tf.float64)  # a year fits float32, an epoch in seconds does not
            clipped = tf.clip_by_value(values, state["low"], state["high"])
            number = tf.cast((clipped - state["mean"]) / state["scale"], tf.float32)
            return {"number": tf.where(tf.math.is_finite(values), number, float("nan"))}

        return standardise

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return {"number": ((), "float32")}

    def encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return DenseEncoder(width, 1, name=name)


@keras.saving.register_keras_serializable("tfmmrec")
class DenseEncoder(keras.layers.Layer):
    """Two dense layers: ``{part: float [B] or [B, N]} → ([B, 1, D], mask [B, 1])``; NaN is missing."""

    def __init__(self, width: int, inputs: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.inputs = width, inputs
        self.hidden = keras.layers.Dense(width, activation="silu", name="hidden")
        self.projection = keras.layers.Dense(width, name="projection")

    def build(self, *_: Any) -> None:
        self.hidden.build((None, self.inputs))
        self.projection.build((None, self.width))

    def call(self, parts: Parts) -> tuple[Any, Any]:
        (numbers,) = parts.values()
        numbers = ops.reshape(numbers, (-1, self.inputs))
        present = ops.all(ops.isfinite(numbers), axis=-1, keepdims=True)
        # replaced before any arithmetic: NaN × 0 is NaN, also in the gradient
        numbers = ops.where(present, numbers, ops.zeros_like(numbers))
        return ops.expand_dims(self.projection(self.hidden(numbers)), 1), present

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        (shape,) = shapes.values()
        return (shape[0], 1, self.width), (shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "inputs": self.inputs}
