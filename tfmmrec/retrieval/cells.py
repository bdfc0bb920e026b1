"""Cutting a catalogue into cells of vectors that point the same way; in numpy, at export."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

BLOCK = 16
"""Places of a block."""
CAPACITY = 2
"""A cell has at most so many times the items that it has on average."""
_BYTES = 64 << 20  # of products with all centres at once
_ROUNDS = 6
_SAMPLE = 32  # vectors of a cell that centres are moved by: more move them no further

Step = Callable[[int, int], None]
"""Is told how many vectors were compared with all centres, and of how many."""


class Cells(NamedTuple):
    """C cells in M blocks of `BLOCK` places.

    Attributes:
        rows: int32 ``[M, BLOCK]``, of the catalogue; −1 is padding, at the end of a cell.
        first: int32 ``[C + 1]``: cell c has the blocks from ``first[c]`` on, up to ``first[c + 1]``.
        centres: float32 ``[C, D]``: where a cell's vectors point, as long as the root of their mean square.
            The mean itself would be the shorter, the more they differ, and its cell be found too late.
    """

    rows: np.ndarray
    first: np.ndarray
    centres: np.ndarray


def cut(vectors: np.ndarray, size: int, step: Step | None = None) -> Cells:
    """Spherical k-means (Dhillon and Modha, 2001), then cells that are too large are halved.

    The same vectors are always cut the same way. It takes time ``N² D / size``, and 64 MiB beside the
    vectors and their directions.

    Args:
        vectors: float32 ``[N, D]``.
        size: items of a cell on average; no cell has more than `CAPACITY` times as many.
        step: is told how far it is.
    """
    directions = _unit(vectors)
    count = max(1, round(len(vectors) / size))
    sample, rounds = min(len(vectors), count * _SAMPLE), _ROUNDS if count > 1 else 1
    total, done = rounds * sample + len(vectors), 0

    def compared(number: int) -> None:
        nonlocal done
        done += number
        if step is not None:
            step(done, total)

    centres = _centres(directions, count, sample, rounds, compared)
    cell = _nearest(directions, centres, compared)
    order = np.argsort(cell, kind="stable")
    ends = np.cumsum(np.bincount(cell, minlength=count))
    most = CAPACITY * size
    parts = [
        part for rows in np.split(order, ends[:-1]) if len(rows) for part in _halved(directions, rows, most)
    ]
    blocks = [-(-len(part) // BLOCK) for part in parts]
    first = np.concatenate([[0], np.cumsum(blocks)]).astype("int32")
    rows = np.full((first[-1], BLOCK), -1, "int32")
    means = np.zeros((len(parts), vectors.shape[1]), "float32")
    for one, part in enumerate(parts):
        rows[first[one] : first[one + 1]].reshape(-1)[: len(part)] = np.sort(part)
        length = np.sqrt(np.mean(np.square(vectors[part], dtype="float64").sum(axis=1)))
        means[one] = _unit(vectors[part].mean(axis=0, keepdims=True))[0] * length
    return Cells(rows, first, means)


def _centres(
    directions: np.ndarray, count: int, sample: int, rounds: int, compared: Callable[[int], None]
) -> np.ndarray:
    """Directions ``[count, D]``, each the mean of those of a sample that are nearest to it."""
    some = directions[np.random.default_rng(0).permutation(len(directions))[:sample]]
    centres = some[:count].copy()
    for _ in range(rounds):
        nearest = _nearest(some, centres, compared)
        order = np.argsort(nearest, kind="stable")
        there, first = np.unique(nearest[order], return_index=True)
        centres[there] = _unit(np.add.reduceat(some[order], first, axis=0))  # an empty cell keeps its centre
    return centres


def _nearest(directions: np.ndarray, centres: np.ndarray, compared: Callable[[int], None]) -> np.ndarray:
    """The centre of the largest cosine: int ``[N]``."""
    nearest = np.empty(len(directions), "int64")
    block = max(1, _BYTES // (4 * len(centres)))
    for start in range(0, len(directions), block):
        some = directions[start : start + block]
        nearest[start : start + block] = np.argmax(some @ centres.T, axis=1)
        compared(len(some))
    return nearest


def _halved(directions: np.ndarray, rows: np.ndarray, most: int) -> list[np.ndarray]:
    """Rows in parts of at most so many, cut across the axis along which they differ most."""
    if len(rows) <= most:
        return [rows]
    there = directions[rows]
    _, axes = np.linalg.eigh(np.cov(there, rowvar=False).reshape(2 * there.shape[1:]))
    parts = -(-len(rows) // most)
    middle = (parts // 2) * len(rows) // parts
    order = np.argsort(there @ axes[:, -1].astype("float32"), kind="stable")
    return [
        part for half in (order[:middle], order[middle:]) for part in _halved(directions, rows[half], most)
    ]


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Of length one; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype("float32")
