"""What most users took, for everybody: the baseline everything has to beat."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Queries


class MostPopular:
    """Scores every item by its number of training events, the same for all users.

    Items met equally often come in an order drawn anew for each query: among items nobody has met, as in
    the cold split, the baseline is chance and not, by the rule that ties count against a model, zero.

    Args:
        data: the prepared data.
        seed: of the draws.
    """

    def __init__(self, data: Data, seed: int = 0) -> None:
        self.popularity = data.popularity.astype("float32")
        self.seed = seed

    def scores(self, queries: Queries, chunk: np.ndarray) -> np.ndarray:
        """float32 ``[q, items]``: the count plus less than one half."""
        scores = np.empty((len(chunk), len(self.popularity)), "float32")
        for row, query in enumerate(chunk):
            draw = np.random.default_rng([self.seed, int(query)])
            scores[row] = self.popularity + draw.random(len(self.popularity), "float32") / 2
        return scores
