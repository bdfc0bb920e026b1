"""The best k items of many queries, from scores that come a block of items at a time."""

from __future__ import annotations

import numpy as np

GROUP = 16
"""Neighbouring items of which only the best score is looked at first: blocks are whole groups."""

_SIGN = np.uint32(1 << 31)
_LOW = np.uint64((1 << 32) - 1)
_HALF = np.uint64(32)


def ordered_bits(scores: np.ndarray) -> np.ndarray:
    """float32 → uint32 in the same order, 0 below them all; the two zeros are one."""
    bits = (scores + np.float32(0)).view("uint32")
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def keys_of(scores: np.ndarray, items: np.ndarray) -> np.ndarray:
    """uint64 in the order of float32 scores and, where those are equal, the lower item greater; none is 0."""
    keys = ordered_bits(scores).astype("uint64") << _HALF
    keys |= _LOW - items.astype("uint64")
    return keys


class Best:
    """The k best items of each query so far, of equal ones the lower; −inf is never among them.

    A group of neighbouring items is opened only where its best score beats the query's k-th best so far, and
    never more than k groups of a block: the k best items stand in the k groups with the best maxima. So most
    scores are read once, by the maximum.

    Args:
        queries: Q.
        k: places of each.

    Attributes:
        keys: uint64 ``[Q, k]``, see `keys_of`, in no order; 0 is an empty place.
    """

    def __init__(self, queries: int, k: int) -> None:
        self.keys = np.zeros((queries, k), "uint64")
        self._least = np.full(queries, -np.inf, "float32")

    @staticmethod
    def scratch(block: int, k: int) -> int:
        """Bytes of one query at most while a block of so many items is read: its scores and all the rest."""
        opened = min(k * GROUP, block)
        return 7 * block + 80 * opened + 64 * k + 64

    def add(self, scores: np.ndarray, first: int) -> None:
        """Reads a block.

        Args:
            scores: float32 ``[n, Q]``, n a multiple of `GROUP`, contiguous.
            first: the item of the first row; blocks come in the order of items.
        """
        queries, k = self.keys.shape
        groups = scores.reshape(-1, GROUP, queries)
        maxima, least = groups.max(axis=1), self._least
        opened = maxima > least
        crowded = np.flatnonzero(np.count_nonzero(opened, axis=0) > k)
        if len(crowded):
            opened[:, crowded], kth = _best_groups(maxima[:, crowded], k)
            least = least.copy()
            least[crowded] = np.nextafter(kth, np.float32(-np.inf))  # k items at least are above this
        group, query = np.divmod(np.flatnonzero(opened), queries)
        order = np.argsort(query.astype(np.min_scalar_type(queries)), kind="stable")  # few bits: fast
        group, query = group[order], query[order]
        found = groups[group, :, query]
        row, place = np.nonzero(found > least[query, None])
        self.merge(query[row], keys_of(found[row, place], group[row] * GROUP + (first + place)))

    def merge(self, query: np.ndarray, keys: np.ndarray) -> None:
        """Takes in further items: int ``[P]`` in ascending order whose, and their keys uint64 ``[P]``."""
        if not len(query):
            return
        k = self.keys.shape[1]
        start = np.flatnonzero(np.diff(query, prepend=-1))
        changed, count = query[start], np.diff(start, append=len(query))
        wide = int(count.max())
        table = np.zeros((len(changed), wide + k), "uint64")
        table[:, wide:] = self.keys[changed]
        row = np.repeat(np.arange(len(changed)), count)
        table[row, np.arange(len(query)) - start[row]] = keys
        table.partition(wide, axis=1)
        self.keys[changed] = table[:, wide:]
        self._least[changed] = _scores(table[:, wide])

    def count_at_least(self, query: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """int ``[P]``: how many of the k best of each of these queries score as much as this or more."""
        queries, k = self.keys.shape
        line = np.arange(queries, dtype="uint64")[:, None] << _HALF
        among = np.sort(line | (self.keys >> _HALF), axis=1).reshape(-1)
        asked = query.astype("uint64") << _HALF | ordered_bits(scores)
        return (query + 1) * k - np.searchsorted(among, asked)

    def items(self) -> np.ndarray:
        """int64 ``[Q, k]``, best first; −1 is an empty place."""
        keys = np.sort(self.keys, axis=1)[:, ::-1]
        return np.where(keys > 0, (_LOW - (keys & _LOW)).astype("int64"), -1)


def _best_groups(maxima: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k groups of each query with the best maxima, of equal ones the first.

    Args:
        maxima: float32 ``[G, Q]``.
        k: less than G.

    Returns:
        bool ``[G, Q]``, and the k-th best maximum float32 ``[Q]``.
    """
    kth = np.partition(maxima, len(maxima) - k, axis=0)[len(maxima) - k]
    best = maxima >= kth
    number = np.count_nonzero(best, axis=0)
    tied = np.flatnonzero(number > k)
    if len(tied):  # the last of the equal ones are too many
        equal = maxima[:, tied] == kth[tied]
        best[:, tied] &= ~equal | (np.cumsum(equal[::-1], axis=0)[::-1] > number[tied] - k)
    return best, kth


def _scores(keys: np.ndarray) -> np.ndarray:
    """The float32 scores in keys; −inf of an empty place."""
    bits = np.maximum((keys >> _HALF).astype("uint32"), ordered_bits(np.array([-np.inf], "float32")))
    return np.where(bits & _SIGN, bits ^ _SIGN, ~bits).view("float32")
