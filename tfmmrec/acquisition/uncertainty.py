"""What the model is least sure of."""

from __future__ import annotations

import numpy as np

from tfmmrec.acquisition.acquisition import Acquisition, Pool


class Uncertainty(Acquisition):
    """Abstract: a number of each item alone, greatest first; ties in the order of the catalogue."""

    def order(self, pool: Pool, k: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        score = self.score(np.asarray(pool.probabilities, "float64"))
        chosen = np.argsort(-score, kind="stable")[:k]
        return chosen, score[chosen]

    def score(self, probabilities: np.ndarray) -> np.ndarray:
        """``[N, C] → [N]``."""
        raise NotImplementedError


class Entropy(Uncertainty):
    """``−Σ_c p_c log p_c``: the classes are all alike to the model (Settles 2009)."""

    def score(self, probabilities: np.ndarray) -> np.ndarray:
        return -(probabilities * np.log(np.maximum(probabilities, 1e-30))).sum(axis=1)


class Margin(Uncertainty):
    """``−(p_1 − p_2)`` of the two likeliest classes: it is a toss-up between these (Scheffer 2001)."""

    def score(self, probabilities: np.ndarray) -> np.ndarray:
        ordered = np.sort(probabilities, axis=1)
        second = ordered[:, -2] if ordered.shape[1] > 1 else 0.0
        return second - ordered[:, -1]


class LeastConfident(Uncertainty):
    """``1 − max_c p_c``: the likeliest class is not likely (Lewis and Gale 1994)."""

    def score(self, probabilities: np.ndarray) -> np.ndarray:
        return 1 - probabilities.max(axis=1)
