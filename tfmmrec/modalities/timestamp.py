"""A moment: release date of an item, date of birth of a user, time of an event."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from tfmmrec.modalities.modality import Modality, Parts, Reject
from tfmmrec.modalities.number import DenseEncoder, read_floats

_DAY = 86_400.0
_PERIODS = (_DAY, 7 * _DAY, 365.2425 * _DAY)


@dataclass(frozen=True)
class Timestamp(Modality):
    """Seconds since the epoch (UTC) as trend and season: one token.

    Seven numbers: the standardised moment, and sine and cosine of the time of day, week and year.

    Args:
        column: the column.
        dropout: the share of rows whose moment is hidden in training.
    """

    dropout: float = 0.0

    raw_dtype: ClassVar[str] = "float"

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        return read_floats(cells, reject)

    def fit(self, values: Sequence[float]) -> dict[str, Any]:
        known = np.asarray(values, "float64")
        known = known[np.isfinite(known)]
        if not len(known):
            return {"mean": 0.0, "scale": 1.0}
        return {"mean": float(known.mean()), "scale": float(known.std()) or 1.0}

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        import tensorflow as tf

        def seasons(values: Any) -> Parts:
            values = tf.cast(values, tf.float64)
            angles = tf.stack([2 * math.pi * tf.math.floormod(values / p, 1.0) for p in _PERIODS], -1)
            trend = tf.clip_by_value((values - state["mean"]) / state["scale"], -5.0, 5.0)
            moment = tf.cast(tf.concat([trend[:, None], tf.sin(angles), tf.cos(angles)], -1), tf.float32)
            return {"moment": tf.where(tf.math.is_finite(values)[:, None], moment, float("nan"))}

        return seasons

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return {"moment": ((1 + 2 * len(_PERIODS),), "float32")}

    def encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return DenseEncoder(width, 1 + 2 * len(_PERIODS), name=name)
