"""A quantity: year, price, age."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from tfmmrec.encoders import numbers
from tfmmrec.encoders.numbers import NumberEncoder
from tfmmrec.members import check_choice, make
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
        encoder: what reads the number, of `tfmmrec.encoders.numbers`: ``"dense"``, ``"periodic"`` (which
            tells neighbouring values apart), or a dict of ``name`` and settings.
        clip: values beyond this quantile on either side are clipped to it.
        dropout: the share of rows whose number is hidden in training.
    """

    encoder: str | dict[str, Any] = "dense"
    clip: float = 0.001
    dropout: float = 0.0

    raw_dtype: ClassVar[str] = "float"
    filtered_by: ClassVar[str] = "range"

    def __post_init__(self) -> None:
        super().__post_init__()
        what = f"Number({self.column!r}): encoder"
        check_choice(numbers, NumberEncoder, self.encoder, what, ("width", "inputs"))

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

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return make(numbers, NumberEncoder, self.encoder, width=width, inputs=1, name=name)
