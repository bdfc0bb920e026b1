"""Item-kNN: an item is for those who met the items most like it, by the users they have in common."""

from __future__ import annotations

import math

import numpy as np

from tfmmrec.baselines.pairs import known_pairs
from tfmmrec.data.dataset import Data
from tfmmrec.data.pairs import CELLS, cooccurrences, spans, trained_pairs
from tfmmrec.data.windows import ranges
from tfmmrec.evaluation import Queries


class ItemKNN:
    """Scores an item by its similarity to the items of the history that are among its k nearest neighbours.

    The similarity of two items is the cosine of their columns of the training events, each user counted
    once: ``common / (√(users · users') + shrink)``. Of equally similar items the lower row is the nearer, and
    an item without users in common is no neighbour. The k are those of the item that is scored (Sarwar et
    al., *Item-based collaborative filtering recommendation algorithms*, 2001), not those of each item of the
    history.

    An item nobody met in training scores 0 for everybody, as does every item for a user without history.

    No catalogue is too large for memory: the neighbours take ``8 · k · items`` bytes (several times that
    while they are sorted), and beside the training events finding them takes a block of some 100 MB. Time
    grows with the pairs of items in users' histories, and faintly with the square of the catalogue.

    Args:
        data: the prepared data.
        k: neighbours of an item.
        shrink: lessens similarities that few users speak for; 0 is the plain cosine.

    Raises:
        ValueError: k is no whole number of at least 1, or shrink is negative or not finite.
    """

    def __init__(self, data: Data, k: int = 100, shrink: float = 0.0) -> None:
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
            raise ValueError(f"k is the number of neighbours of an item, 1 or more, such as 100; got {k!r}.")
        if not 0 <= shrink < math.inf:
            raise ValueError(f"shrink is added to a denominator and must be 0 or more; got {shrink!r}.")
        items = data.vocabulary.items
        user, item = trained_pairs(data)
        length = np.sqrt(np.bincount(item, minlength=items))
        found = []
        for first, common in cooccurrences(user, item, items):
            rows = np.arange(len(common))
            common[rows, first + rows] = 0  # nobody is his own neighbour
            row, other = np.nonzero(common)
            similarity = common[row, other] / (length[first + row] * length[other] + shrink)
            order = np.lexsort((-similarity, row))  # stable: the lower row first
            place = np.arange(len(row)) - np.searchsorted(row, row)
            nearest = order[place < k]
            found.append((other[nearest], first + row[nearest], similarity[nearest].astype("float32")))
        near, scored, similarity = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.argsort(near, kind="stable")
        self._start = np.concatenate([[0], np.cumsum(np.bincount(near, minlength=items))])
        self._scored = scored[order].astype("int32")
        self._similarity = similarity[order]

    def scores(self, queries: Queries, chunk: np.ndarray) -> np.ndarray:
        """float32 ``[q, items]``: sums over the history, in which an item met twice counts once."""
        items = len(self._start) - 1
        place, known = known_pairs(queries, chunk)
        scores = np.zeros((len(chunk), items), "float32")
        sizes = self._start[known + 1] - self._start[known]
        for span in spans(sizes, CELLS):
            cells = ranges(self._start[known[span]], sizes[span])
            at = np.repeat(place[span] * items, sizes[span]) + self._scored[cells]
            np.add.at(scores.reshape(-1), at, self._similarity[cells])
        return scores
