"""EASE^R: a linear model from every item to every other, in closed form."""

from __future__ import annotations

import math

import numpy as np

from tfmmrec.baselines.pairs import known_pairs
from tfmmrec.data.dataset import Data
from tfmmrec.data.pairs import cooccurrences, trained_pairs
from tfmmrec.evaluation import Queries

MOST_ITEMS = 20_000
"""The largest catalogue by default: fitting it takes 13 GB."""

_BYTES = 32  # of each two items while the matrix is inverted: itself, two copies of the solver, the inverse


class EASE:
    """Scores an item by the weights of the items of the history, ``B`` of Steck's *Embarrassingly shallow
    autoencoders for sparse data* (2019).

    ``B`` reconstructs the users' training rows ``X`` (1 where a user met an item) from themselves, with least
    squares, an l2 penalty and a diagonal of zeros, so that no item may explain itself. With
    ``P = (XᵀX + l2 · I)⁻¹`` it is ``B = I − P / diag(P)``, columns divided. The inverse is taken in float64:
    the condition of the matrix is its largest eigenvalue, which grows with the users, over l2. ``B`` is kept
    in float32.

    An item nobody met in training scores 0 for everybody, as does every item for a user without history.

    Args:
        data: the prepared data.
        l2: the penalty, some tens to some thousands; more for more users.
        most_items: the largest catalogue to take on. Memory grows with its square, ``32 · items²`` bytes
            while fitting and ``4 · items²`` afterwards, and time with its cube.

    Attributes:
        weights: float32 ``[items, items]``, ``B``: from the item of the row to that of the column.

    Raises:
        ValueError: the catalogue is larger than `most_items`, or l2 is not positive and finite.
    """

    def __init__(self, data: Data, l2: float = 100.0, most_items: int = MOST_ITEMS) -> None:
        if not 0 < l2 < math.inf:
            raise ValueError(f"l2 is the penalty and must be positive, such as 100; got {l2!r}.")
        items = data.vocabulary.items
        if items > most_items:
            raise ValueError(
                f"EASE holds a weight for each two items and takes up to {most_items:,} of them; the "
                f"catalogue has {items:,}, which would take {_BYTES * items**2 / 1e9:,.1f} GB. Take ItemKNN, "
                "or, with that much memory, raise most_items."
            )
        gram = np.empty((items, items))
        for first, common in cooccurrences(*trained_pairs(data), items):
            gram[first : first + len(common)] = common
        gram[np.diag_indices(items)] += l2
        weights = np.linalg.inv(gram)
        del gram
        weights /= -np.diag(weights)
        np.fill_diagonal(weights, 0)
        self.weights = weights.astype("float32")

    def scores(self, queries: Queries, chunk: np.ndarray) -> np.ndarray:
        """float32 ``[q, items]``: sums over the history, in which an item met twice counts once."""
        place, known = known_pairs(queries, chunk)
        border = np.searchsorted(place, np.arange(len(chunk) + 1))
        scores = np.empty((len(chunk), len(self.weights)), "float32")
        for row in range(len(chunk)):  # a product with the whole history of zeros and ones reads far more
            self.weights[known[border[row] : border[row + 1]]].sum(axis=0, out=scores[row])
        return scores
