"""The items most like each: exact, a block of the catalogue at a time, the same whenever it is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tfmmrec.data.pairs import CELLS, cooccurrences

Blocks = Iterable[tuple[int, np.ndarray]]
"""The first item of a block and its similarities ``[n, N]`` to all items."""


def by_owners(owner: np.ndarray, item: np.ndarray, items: int, cells: int = CELLS) -> Iterator:
    """Cosines of items by who has them, ``common / √(owners · owners')``: users that met them, or tags.

    Args:
        owner, item: ``[P]``, each pair once, sorted by owner.
        items: how many there are, N.
        cells: numbers at once; see `cooccurrences`.

    Yields:
        see `Blocks`.
    """
    length = np.sqrt(np.maximum(np.bincount(item, minlength=items), 1))
    for first, common in cooccurrences(owner, item, items, cells):
        yield first, common / (length[first : first + len(common), None] * length)


def by_vectors(vectors: np.ndarray, cells: int = CELLS) -> Iterator:
    """Cosines of items by their vectors.

    Args:
        vectors: ``[N, V]``; an item without one, whose row holds NaN, is like no other.
        cells: numbers of a block, at least those of one item.

    Yields:
        see `Blocks`.
    """
    there = np.isfinite(vectors).all(axis=1, keepdims=True)
    vectors = np.where(there, vectors, 0).astype("float32")
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    height = max(1, cells // max(1, len(vectors)))
    for first in range(0, len(vectors), height):
        yield first, vectors[first : first + height] @ vectors.T


def nearest(blocks: Blocks, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The k others most like each item, with a similarity above 0; of equally similar ones the lower row.

    Returns:
        item, neighbour int ``[E]`` and similarity float ``[E]``, by item and from the most similar on.
    """
    found = []
    for first, similarity in blocks:
        rows = np.arange(len(similarity))
        similarity[rows, first + rows] = 0  # nobody is his own neighbour
        enough = similarity > 0
        if similarity.shape[1] > k:
            least = np.partition(similarity, -k, axis=1)[:, -k, None]
            enough &= similarity >= least
        row, other = np.nonzero(enough)
        value = similarity[row, other]
        order = np.lexsort((-value, row))  # stable: the lower row first
        kept = order[np.arange(len(row)) - np.searchsorted(row, row) < k]
        found.append((first + row[kept], other[kept], value[kept]))
    item, neighbour, value = (np.concatenate(part) for part in zip(*found, strict=True))
    return item, neighbour, value
