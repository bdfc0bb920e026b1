"""What is unlike anything that has a label, or was chosen before."""

from __future__ import annotations

import numpy as np

from tfmmrec.acquisition.acquisition import Acquisition, Pool

_ROWS = 1024  # of a matrix of distances that are held at once


class KCentre(Acquisition):
    """The item that is farthest from its nearest labelled or chosen one, again and again (Sener 2018).

    Where nothing has a label, the first is the one nearest to the middle of all.
    """

    def order(self, pool: Pool, k: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        x = np.asarray(pool.vectors, "float64")
        nearest = np.full(len(x), np.inf)
        centres = np.asarray(pool.labelled, "float64")
        for start in range(0, len(centres), _ROWS):
            nearest = np.minimum(nearest, _squared(x, centres[start : start + _ROWS]).min(axis=1))
        chosen, score = np.zeros(k, "int64"), np.zeros(k)
        left = np.ones(len(x), bool)
        for place in range(k):
            if np.isinf(nearest).all():
                best = int(np.argmin(_squared(x, x.mean(axis=0)[None])[:, 0]))
                score[place] = np.inf
            else:
                best = int(np.argmax(np.where(left, nearest, -1.0)))
                score[place] = np.sqrt(nearest[best])
            chosen[place], left[best] = best, False
            nearest = np.minimum(nearest, _squared(x, x[best][None])[:, 0])
        return chosen, score


class Badge(Acquisition):
    """What would change the head most, and each in its own way: ``g = (p − e_ŷ) ⊗ h`` (BADGE, Ash 2020).

    g is the gradient of the last layer if the likeliest class ŷ were right, of an item's vector h; the items
    are seeds of k-means++ (Arthur and Vassilvitskii 2007) among these: drawn by their squared distance to the
    nearest that is drawn already, the first by its length.
    """

    def order(self, pool: Pool, k: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        p, h = np.asarray(pool.probabilities, "float64").copy(), np.asarray(pool.vectors, "float64")
        p[np.arange(len(p)), p.argmax(axis=1)] -= 1
        long = (p**2).sum(axis=1) * (h**2).sum(axis=1)
        nearest, left = long.copy(), np.ones(len(p), bool)
        chosen, score = np.zeros(k, "int64"), np.zeros(k)
        for place in range(k):
            chance = np.where(left, nearest, 0.0)
            if not chance.sum() > 0:  # what is left is as good as what was chosen
                chance = left.astype("float64")
            best = (
                int(np.argmax(chance))
                if place == 0
                else int(generator.choice(len(p), p=chance / chance.sum()))
            )
            chosen[place], score[place], left[best] = best, np.sqrt(nearest[best]), False
            # the product of two gradients is that of their parts, so that none is ever made
            product = (p @ p[best]) * (h @ h[best])
            apart = np.maximum(long + long[best] - 2 * product, 0.0)
            nearest = apart if place == 0 else np.minimum(nearest, apart)
        return chosen, score


def _squared(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Squared distances ``[N, M]``."""
    products = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1)[None] - 2 * x @ y.T
    return np.maximum(products, 0.0)
