"""Who met what, each pair once, and how many users two items have in common."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfmmrec.data.dataset import Data
from tfmmrec.data.distinct import distinct_pairs
from tfmmrec.data.windows import ranges

CELLS = 1 << 20
"""Numbers at once: of a block of counts, and of the pairs that are added to it; some 64 bytes for each."""


def trained_pairs(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Users and catalogue rows ``[P]`` of the training events, each pair once, by user and then by row."""
    rows = data.train.rows
    return distinct_pairs(data.events.user[rows], data.events.item[rows], data.vocabulary.items)


def cooccurrences(
    user: np.ndarray, item: np.ndarray, items: int, cells: int = CELLS
) -> Iterator[tuple[int, np.ndarray]]:
    """Counts the users that each two items have in common, a block of items at a time.

    Takes as many additions as users have pairs of items (the sum of the squares of the histories' lengths),
    and memory for `cells` counts, for as many additions (those of one pair at least), and for the pairs.

    Args:
        user, item: ``[P]``, each pair once, sorted by user.
        items: size of the catalogue, N.
        cells: counts of a block, N at least, and additions at once.

    Yields:
        the first item of a block, and int64 ``[n, N]``: users in common with each item of the catalogue; with
        itself, all its users.
    """
    size = np.bincount(user)  # of each user's history
    start = np.cumsum(size) - size
    by_item = np.argsort(item, kind="stable")
    begin = np.concatenate([[0], np.cumsum(np.bincount(item, minlength=items))])
    height = max(1, cells // items)
    for first in range(0, items, height):
        last = min(first + height, items)
        block = by_item[begin[first] : begin[last]]
        owner, place = user[block], item[block] - first
        counts = np.zeros((last - first) * items, "int64")
        for span in spans(size[owner], cells):
            others = item[ranges(start[owner[span]], size[owner[span]])]
            at = np.repeat(place[span] * items, size[owner[span]]) + others
            counts += np.bincount(at, minlength=len(counts))
        yield first, counts.reshape(-1, items)


def spans(sizes: np.ndarray, most: int) -> Iterator[slice]:
    """Neighbours whose sizes add up to no more than `most`, and always one."""
    end, start = np.cumsum(sizes), 0
    while start < len(sizes):
        before = end[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(end, before + most, side="right")))
        yield slice(start, stop)
        start = stop
