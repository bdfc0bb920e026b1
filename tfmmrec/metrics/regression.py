"""Measures of predicted numbers, such as ratings.

Both take `labels`, `predictions` and optional example `weights` (not negative; None is 1 each). Examples of
weight 0 are left out, so a missing label may stay NaN if its weight is 0.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfmmrec.metrics.examples import weighed_pairs


def rmse(labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Root of the weighted mean squared error, in the unit of the labels.

    Args:
        labels: numbers `[N]`.
        predictions: numbers `[N]`.
        weights: numbers `[N]`, or None.

    Returns:
        A number, 0 at best; NaN if there is no example.

    Raises:
        ValueError: if shapes differ, or an example that counts has a label or prediction that is not finite.
    """
    error, weight = _errors(labels, predictions, weights)
    return math.sqrt(weight @ error**2 / weight.sum()) if error.size else math.nan


def mae(labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Weighted mean of the absolute error, in the unit of the labels.

    Args, returns and raises: as `rmse`.
    """
    error, weight = _errors(labels, predictions, weights)
    return float(weight @ np.abs(error) / weight.sum()) if error.size else math.nan


def _errors(
    labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    truth, predicted, weight = weighed_pairs(labels, predictions, weights)
    if np.isinf(predicted).any():
        raise ValueError(
            f"predictions must be finite, yet {np.count_nonzero(np.isinf(predicted))} of {predicted.size} "
            "are infinite. A model that predicts infinity has usually diverged: look at its training loss."
        )
    return predicted - truth, weight
