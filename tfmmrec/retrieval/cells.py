"""Cutting a catalogue into cells of vectors that point the same way; in numpy, at export."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

_BLOCK = 8192  # vectors compared with all centres at once
_ROUNDS = 8
_SAMPLE = 64  # vectors of a cell that centres are moved by: more move them no further


class Cells(NamedTuple):
    """C cells of at most S items.

    Attributes:
        rows: int32 ``[C, S]``, of the catalogue; −1 is padding, at the end.
        centres: float32 ``[C, D]``: where a cell's vectors point, as long as the root of their mean square.
            The mean itself would be the shorter, the more they differ, and its cell be found too late.
    """

    rows: np.ndarray
    centres: np.ndarray


def cut(vectors: np.ndarray, size: int) -> Cells:
    """Spherical k-means (Dhillon and Modha, 2001), then cells that are too large are halved.

    The same vectors are always cut the same way. It takes time ``N² D / size``, and memory of 8,192 vectors
    times all centres beside the vectors.

    Args:
        vectors: float32 ``[N, D]``.
        size: S.
    """
    directions = _unit(vectors)
    centres = _centres(directions, max(1, round(len(vectors) / size)))
    cell = _nearest(directions, centres)
    order = np.argsort(cell, kind="stable")
    ends = np.cumsum(np.bincount(cell, minlength=len(centres)))
    parts = [
        part for rows in np.split(order, ends[:-1]) if len(rows) for part in _halved(directions, rows, size)
    ]
    rows = np.full((len(parts), size), -1, "int32")
    means = np.zeros((len(parts), vectors.shape[1]), "float32")
    for one, part in enumerate(parts):
        rows[one, : len(part)] = np.sort(part)
        length = np.sqrt(np.mean(np.square(vectors[part], dtype="float64").sum(axis=1)))
        means[one] = _unit(vectors[part].mean(axis=0, keepdims=True))[0] * length
    return Cells(rows, means)


def _centres(directions: np.ndarray, count: int) -> np.ndarray:
    """Directions ``[count, D]``, each the mean of those that are nearest to it."""
    generator = np.random.default_rng(0)
    sample = directions[
        generator.permutation(len(directions))[: max(count * _SAMPLE, min(len(directions), _BLOCK))]
    ]
    centres = sample[:count].copy()
    for _ in range(_ROUNDS if count > 1 else 1):
        nearest = _nearest(sample, centres)
        order = np.argsort(nearest, kind="stable")
        there, first = np.unique(nearest[order], return_index=True)
        sums = np.add.reduceat(sample[order], first, axis=0)
        centres[there] = _unit(sums)  # an empty cell keeps its centre
    return centres


def _nearest(directions: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The centre of the largest cosine: int ``[N]``."""
    found = [
        np.argmax(directions[start : start + _BLOCK] @ centres.T, axis=1)
        for start in range(0, len(directions), _BLOCK)
    ]
    return np.concatenate(found)


def _halved(directions: np.ndarray, rows: np.ndarray, size: int) -> list[np.ndarray]:
    """Rows in parts of at most `size`, cut across the axis along which they differ most."""
    if len(rows) <= size:
        return [rows]
    there = directions[rows]
    _, axes = np.linalg.eigh(np.cov(there, rowvar=False).reshape(2 * there.shape[1:]))
    parts = -(-len(rows) // size)
    middle = (parts // 2) * len(rows) // parts
    order = np.argsort(there @ axes[:, -1].astype("float32"), kind="stable")
    return [
        part for half in (order[:middle], order[middle:]) for part in _halved(directions, rows[half], size)
    ]


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Of length one; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype("float32")
