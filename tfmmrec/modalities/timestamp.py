"""A moment: release date of an item, date of birth of a user, time of an event."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from tfmmrec.encoders.numbers import Dense
from tfmmrec.modalities.modality import Modality, Parts, Reject

FIRST, END = -62_135_596_800.0, 253_402_300_800.0
"""Seconds since the epoch of the years 1 to 9999: numbers beyond are no seconds but milliseconds or less."""

_DATES = 19_000_101, 21_001_231
"""Numbers of eight digits that may be a date written together, YYYYMMDD."""

_DAY = 86_400.0
_PERIODS = (_DAY, 7 * _DAY, 365.2425 * _DAY)


@dataclass(frozen=True)
class Timestamp(Modality):
    """Seconds since the epoch (UTC) as trend and season: one token.

    Cells are numbers, or ISO 8601 (``2024-05-01``, ``2024-05-01T12:00:00+02:00``), which is UTC where it
    does not name its zone, and may end with ``" UTC"``; a served request brings numbers. Numbers that are
    dates written together (``20240501``) are refused, see `written_together`. Seven numbers are made of each:
    the standardised moment, and sine and cosine of the time of day, week and year.

    Args:
        column: the column.
        dropout: the share of rows whose moment is hidden in training.
    """

    dropout: float = 0.0

    raw_dtype: ClassVar[str] = "float"
    filtered_by: ClassVar[str] = "range"

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        # a float column's own NaN is empty
        there = [cell is not None and cell != "" and cell == cell for cell in cells]
        times = [read_time(cell) if known else math.nan for cell, known in zip(cells, there, strict=True)]
        dates = written_together(np.asarray(times, "float64")).tolist()
        for row in range(len(cells)):
            if dates[row]:
                reject(row, f"expected a date as 2024-05-01, and not as a number, got {cells[row]!r}")
                times[row] = math.nan
            elif there[row] and math.isnan(times[row]):
                shown = str(cells[row])[:60]
                reject(
                    row,
                    "expected seconds since 1970 (divide milliseconds by 1000), or a time such as "
                    f"2024-05-01T12:00:00, got {shown!r}",
                )
        return times

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

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return Dense(width, 1 + 2 * len(_PERIODS), name=name)


def read_time(cell: Any) -> float:
    """A cell as seconds since the epoch; NaN where it is no time, or none from `FIRST` to `END`.

    ``2024-05-01 12:00:00 UTC``, as BigQuery writes, is read like ``2024-05-01 12:00:00Z``.
    """
    try:
        number = float(cell)
        return number if FIRST <= number < END else math.nan
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(str(cell).strip().replace(" UTC", "Z"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def written_together(times: np.ndarray) -> np.ndarray:
    """Which of a column's numbers are dates written together, such as 20240501 for the 1st of May 2024.

    As seconds they would be moments of August and September 1970. One such number may well be seconds, since
    some other beginning; so they are dates where more than half of the column's numbers are.

    Args:
        times: float64 ``[N]``, NaN where there is none.

    Returns:
        bool ``[N]``.
    """
    dates = (times >= _DATES[0]) & (times <= _DATES[1]) & (times % 1 == 0)
    month, day = times // 100 % 100, times % 100
    dates &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return dates & (2 * np.sum(dates) > np.sum(np.isfinite(times)))
