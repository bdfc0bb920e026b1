"""The baseline everything has to beat: recommend what most users took."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Queries


class MostPopular:
    """Scores every item by its number of training events, the same for all users.

    Args:
        data: the prepared data.
    """

    def __init__(self, data: Data) -> None:
        self.popularity = data.popularity.astype("float32")

    def scores(self, queries: Queries, chunk: np.ndarray) -> np.ndarray:
        """float32 ``[q, items]``."""
        return np.tile(self.popularity, (len(chunk), 1))
