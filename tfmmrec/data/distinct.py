"""What occurs, each once: the items of a batch, which are encoded once, and pairs of user and item."""

from __future__ import annotations

import math

import numpy as np

_SPARSE = 8  # a catalogue of more times the batch is not worth a table: sorting is faster


def distinct(rows: np.ndarray, items: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of the catalogue that occur, and where each occurrence finds its own.

    Where the catalogue is not large beside the batch, they are marked in a table of it: up to nine times as
    fast as sorting the batch.

    Args:
        rows: int ``[...]`` in ``[0, items)``, or −1 for none.
        items: rows of the catalogue.

    Returns:
        int ``[U]``, sorted, each once; and int32 ``[...]``, positions among them, −1 where there is none.
    """
    if items > _SPARSE * rows.size:
        present = rows >= 0
        found, inverse = np.unique(rows[present], return_inverse=True)
        position = np.full(rows.shape, -1, "int32")
        position[present] = inverse
        return found, position
    occurs = np.zeros(items + 1, bool)
    occurs[rows] = True  # −1 is the place behind the last item
    found = np.flatnonzero(occurs[:-1])
    place = np.full(items + 1, -1, "int32")
    place[found] = np.arange(len(found))
    return found, place[rows]


def item_buckets(items: int, shares: int = 1) -> np.ndarray:
    """Numbers of distinct items that batches are made for: multiples of 32, each about 1.3 times the last.

    The largest holds all `items`, so that a bucket for every batch exists and nothing is ever clipped. Each
    falls into as many equal `shares`.
    """
    step = math.lcm(32, shares)
    largest = up_to(items, step)
    buckets = [min(step, largest)]
    while buckets[-1] < largest:
        grown = up_to(int(1.3 * buckets[-1]), step)
        buckets.append(min(grown, largest))
    return np.asarray(buckets)


def up_to(count: int, step: int) -> int:
    """The least multiple of `step` that is `count` or more."""
    return -(-count // step) * step


def draw_absent(present: np.ndarray, items: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` distinct rows of ``[0, items)`` at random, none of `present`; all of them where they are fewer.

    Args:
        present: sorted, each once.
        items: rows to draw from.
        count: how many.
        generator: source of chance.
    """
    ranks = generator.choice(items - len(present), min(count, items - len(present)), replace=False)
    # the absent row of rank r has r absent rows before it, and as many present ones as searchsorted finds
    return ranks + np.searchsorted(present - np.arange(len(present)), ranks, side="right")


def distinct_pairs(who: np.ndarray, item: np.ndarray, items: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs ``[P]``, each once, by `who` and then by item; there are `items` items."""
    return np.divmod(np.unique(who * np.int64(items) + item), items)
