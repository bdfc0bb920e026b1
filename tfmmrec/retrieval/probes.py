"""How many cells a query has to look into, for as many of its true best to be found as are wanted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfmmrec.retrieval.cells import Cells

_AT_MOST = 512  # queries to tune by
_AT_ONCE = 16  # of these


def spread(vectors: np.ndarray) -> np.ndarray:
    """Some hundred of them, from the first to the last, to tune by."""
    return vectors[np.linspace(0, len(vectors) - 1, min(len(vectors), _AT_MOST)).astype(int)]


def enough(needed: np.ndarray, recall_target: float) -> int:
    """The fewest cells with which this share is found of what needs so many cells (see `cells_needed`)."""
    found = np.cumsum(np.bincount(needed.ravel()))
    return int(np.searchsorted(found, recall_target * needed.size))


def cells_needed(
    vectors: np.ndarray,
    cells: Cells,
    queries: np.ndarray,
    k: int,
    cosine: bool,
    step: Callable[[int, int], None],
) -> np.ndarray:
    """How many cells must be looked into to find each of the true best k of each query.

    Args:
        vectors: ``[N, D]``, all of them.
        cells: of the vectors.
        queries: ``[Q, D]``.
        k: results that have to be found, at most N.
        cosine: whether cosines are asked for, else dot products.
        step: called with the queries that are done, and with all.

    Returns:
        int ``[Q, k]``: with n cells, those that are n or less are found.
    """
    centres = cells.centres
    scale = np.ones(len(vectors), "float32")
    if cosine:
        lengths, of_centres = np.linalg.norm(vectors, axis=1), np.linalg.norm(centres, axis=1, keepdims=True)
        scale = 1 / np.where(lengths > 0, lengths, 1)
        centres = centres / np.where(of_centres > 0, of_centres, 1)
    block, place = np.nonzero(cells.rows >= 0)
    cell = np.empty(len(vectors), "int64")
    cell[cells.rows[block, place]] = np.searchsorted(cells.first, block, side="right") - 1
    needed = []
    for start in range(0, len(queries), _AT_ONCE):
        some = queries[start : start + _AT_ONCE]
        scores, towards = some @ vectors.T * scale, some @ centres.T
        best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        order = np.argsort(-towards, axis=1, kind="stable")
        after = np.empty_like(order)
        np.put_along_axis(after, order, np.arange(1, order.shape[1] + 1)[None], axis=1)
        needed.append(np.take_along_axis(after, cell[best], axis=1))
        step(min(start + _AT_ONCE, len(queries)), len(queries))
    return np.concatenate(needed)
