"""A vector somebody else computed: a pretrained text, image or audio embedding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np

from tfmmrec.encoders.numbers import Dense
from tfmmrec.modalities.modality import Modality, Parts, Reject


@dataclass(frozen=True)
class Vector(Modality):
    """A precomputed vector of fixed length: one token, standardised by the training rows.

    The length is the most frequent one; vectors of another are rejected.

    Args:
        column: a list column of Parquet or JSON-lines, or a text column ``"0.1 0.2 …"``; with `file`, only
            the feature's name.
        file: an ``.npy`` array in the data folder, one row per row of the table, instead of a column.
        dropout: the share of rows whose vector is hidden in training.
    """

    file: str = ""
    dropout: float = 0.1

    raw_dtype: ClassVar[str] = "float"
    raw_rank: ClassVar[int] = 1
    searched: ClassVar[bool] = True

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        if self.file:
            return self._from_file(len(cells), folder, reject)
        vectors: list[Any] = []
        for row, cell in enumerate(cells):
            vector = None
            if cell is not None and (not isinstance(cell, str) or cell.strip()):
                try:
                    numbers = cell.split() if isinstance(cell, str) else cell
                    vector = _float32([float(number) for number in numbers])
                except (TypeError, ValueError, OverflowError):
                    reject(row, f"expected a list of numbers, got {str(cell)[:60]!r}")
            # an empty list is an empty cell
            vectors.append(vector if vector is not None and len(vector) else None)
        lengths = Counter(len(vector) for vector in vectors if vector is not None)
        size = max(lengths, key=lengths.__getitem__, default=0)  # of equally frequent ones the first
        for row, vector in enumerate(vectors):
            if vector is not None and (len(vector) != size or not np.isfinite(vector).all()):
                reject(row, f"expected {size} finite numbers, got {len(vector)}: {str(cells[row])[:60]!r}")
                vectors[row] = None
        return [np.full(size, np.nan, "float32") if v is None else v for v in vectors]

    def _from_file(self, rows: int, folder: Path, reject: Reject) -> list[Any]:
        path = (folder / self.file).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise ValueError(f"Vector file {self.file!r} lies outside the data folder; move it inside.")
        if not path.is_file():
            raise ValueError(f"Vector file {self.file!r} was not found in the data folder.")
        array = np.load(path, allow_pickle=False)
        if array.ndim != 2 or len(array) != rows:
            raise ValueError(
                f"Vector file {self.file!r} must hold one row per row of its table: expected ({rows}, size), "
                f"got {array.shape}."
            )
        vectors = _float32(array)
        partly = ~np.isfinite(vectors).all(axis=1) & ~np.isnan(vectors).all(axis=1)  # all NaN: there is none
        for row in np.flatnonzero(partly).tolist():
            reject(row, f"expected finite numbers in row {row} of {self.file!r}, got {vectors[row][:4]} …")
        vectors[partly] = np.nan
        return list(vectors)

    def fit(self, values: Sequence[Any]) -> dict[str, Any]:
        size = max((len(value) for value in values), default=0) or 1
        whole = [value for value in values if len(value) == size and np.isfinite(value).all()]
        known = np.asarray(whole, "float64").reshape(-1, size)
        if not len(known):
            return {"size": size, "mean": [0.0] * size, "scale": [1.0] * size}
        scale = known.std(axis=0)
        return {
            "size": known.shape[1],
            "mean": known.mean(axis=0).tolist(),
            "scale": np.where(scale > 1e-6, scale, 1.0).tolist(),
        }

    def example(self, state: dict[str, Any]) -> list[float]:
        """The mean of the training rows."""
        return list(state["mean"])

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        import tensorflow as tf

        mean = np.asarray(state["mean"], "float32")
        scale = np.asarray(state["scale"], "float32")

        size = state["size"]
        # ASCII without quotes, which TensorFlow would write otherwise
        told = f"{self.name} takes rows of {size} finite numbers, or of NaN alone where there are none; "
        told += "got another, among rows of"

        def standardise(values: Any) -> Parts:
            # a served request may bring one NaN instead of a whole row of them, or widen a row by NaN
            values = tf.cast(values, tf.float32)
            given = tf.shape(values)[1]
            lacking = tf.maximum(size - given, 0)
            values = tf.pad(values, [[0, 0], [0, lacking]], constant_values=float("nan"))
            values, beyond = values[:, :size], values[:, size:]
            whole = tf.reduce_all(tf.math.is_finite(values), axis=-1, keepdims=True)
            nothing = tf.reduce_all(tf.math.is_nan(values), axis=-1, keepdims=True)
            fits = tf.reduce_all(whole | nothing) & tf.reduce_all(tf.math.is_nan(beyond))
            tf.debugging.Assert(fits, [told, given])
            values = tf.ensure_shape(values, [None, size])
            vector = tf.clip_by_value((values - mean) / scale, -10.0, 10.0)
            return {"vector": tf.where(whole, vector, float("nan"))}

        return standardise

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return {"vector": ((state["size"],), "float32")}

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return Dense(width, state["size"], name=name)


def _float32(numbers: Any) -> np.ndarray:
    """As float32; a number beyond becomes infinite, which no vector may be."""
    with np.errstate(over="ignore"):
        return np.asarray(numbers).astype("float32")
