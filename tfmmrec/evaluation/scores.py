"""Scores of the catalogue, for a chunk of queries and a block of items at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

Items = slice | np.ndarray
"""Rows of the catalogue."""

Write = Callable[[Items, np.ndarray], None]
"""Writes the scores of a chunk's queries for some items into a float32 array ``[items, queries]``."""


class Scores(Protocol):
    """What `rank` asks for scores."""

    @property
    def bytes_per_query(self) -> int:
        """What is held of each query of a chunk while its blocks are written."""

    def of(self, chunk: np.ndarray) -> Write:
        """For the queries with these numbers.

        Raises:
            ValueError: a score is not finite, here or when it is written.
        """


class Products:
    """``states · vectors``: a block is one matrix product, and nothing else is ever held.

    Args:
        states: ``[Q, D]``, of the queries.
        vectors: ``[items, D]``; float32 arrays are taken as they are, others are turned into them.

    Raises:
        ValueError: the widths differ, or states or vectors are not finite, or so long that a product might
            not be.
    """

    def __init__(self, states: np.ndarray, vectors: np.ndarray) -> None:
        self.states, self.vectors = (np.asarray(array, "float32") for array in (states, vectors))
        if self.states.ndim != 2 or self.states.shape[1:] != self.vectors.shape[1:]:
            raise ValueError(
                f"states [queries, width] and vectors [items, width] must be of one width, got "
                f"{list(self.states.shape)} and {list(self.vectors.shape)}."
            )
        bound = self.states.shape[1] * _largest(self.states) * _largest(self.vectors)
        if not bound < np.finfo("float32").max:
            raise not_finite()
        self.bytes_per_query = 4 * self.states.shape[1]

    def of(self, chunk: np.ndarray) -> Write:
        states = self.states[chunk].T

        def write(items: Items, block: np.ndarray) -> None:
            np.matmul(self.vectors[items], states, out=block)

        return write


class Lines:
    """Of anything that scores the whole catalogue at once: its lines are held while they are read.

    Args:
        score: query numbers ``[q]`` → float scores ``[q, items]``.
        items: size of the catalogue.
    """

    def __init__(self, score: Callable[[np.ndarray], np.ndarray], items: int) -> None:
        self._score, self._items = score, items
        self.bytes_per_query = 4 * items

    def of(self, chunk: np.ndarray) -> Write:
        lines = np.asarray(self._score(chunk), "float32")
        if lines.shape != (len(chunk), self._items):
            raise ValueError(
                f"A scorer gives one score for each query and item, [{len(chunk)}, {self._items}], "
                f"got {list(lines.shape)}."
            )

        def write(items: Items, block: np.ndarray) -> None:
            block[:] = lines[:, items].T
            if not (np.isfinite(block.min()) and np.isfinite(block.max())):
                raise not_finite()

        return write


def not_finite() -> ValueError:
    """The error of a score that is NaN or infinite."""
    return ValueError("The model's scores are not all finite numbers; the training has diverged.")


def _largest(array: np.ndarray) -> np.float64:
    """The largest absolute number; NaN where there is one."""
    return np.maximum(array.max(initial=0.0), -array.min(initial=0.0)).astype("float64")
