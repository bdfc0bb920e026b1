"""The examples a measure of predictions looks at: labels, predictions and weights that fit together."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Examples = tuple[NDArray[np.float64], NDArray, NDArray[np.float64]]


def weighed_examples(labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> Examples:
    """The examples with a weight above 0; those with weight 0 may hold anything, NaN included.

    Args:
        labels: numbers `[N]`.
        predictions: numbers `[N]` or `[N, C]`.
        weights: numbers `[N]`, not negative; None gives every example weight 1.

    Returns:
        `labels` as float64 `[M]`; `predictions` as float64 `[M]`, or `[M, C]` in their own dtype; `weights`
        as float64 `[M]`.

    Raises:
        ValueError: if shapes differ, weights are negative or not finite, or an example that counts has a
            label that is not finite or a prediction that is NaN.
    """
    labels, predictions = np.asarray(labels, dtype=np.float64), np.asarray(predictions)
    if labels.ndim != 1 or predictions.ndim not in (1, 2) or len(predictions) != len(labels):
        raise ValueError(
            f"labels must be [examples] and predictions hold as many rows, got labels {list(labels.shape)} "
            f"and predictions {list(predictions.shape)}. Flatten labels [examples, 1] with labels.ravel()."
        )
    if predictions.ndim == 1:
        predictions = predictions.astype(np.float64, copy=False)
    if weights is None:
        weights = np.ones(len(labels))
    else:
        weights = np.asarray(weights, dtype=np.float64)
        if weights.shape != labels.shape:
            raise ValueError(
                f"weights must be {list(labels.shape)}, one for each label, got {list(weights.shape)}. "
                "Repeat the weight of a user for each of the user's examples."
            )
        wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
        if wrong.size:
            raise ValueError(
                f"weights must be finite and not negative, got {weights[wrong[0]]} at example {wrong[0]}. "
                "Use 0 to leave an example out."
            )
        kept = weights > 0
        if not kept.all():
            labels, predictions, weights = labels[kept], predictions[kept], weights[kept]
    missing = np.count_nonzero(~np.isfinite(labels))
    if missing:
        raise ValueError(
            f"labels must be finite where the weight is above 0, yet {missing} of {len(labels)} are not. "
            "Leave missing labels out, or give them weight 0: weights=~np.isnan(labels)."
        )
    broken = np.count_nonzero(np.isnan(predictions))
    if broken:
        raise ValueError(
            f"predictions must not be NaN where the weight is above 0, yet {broken} of {predictions.size} "
            "are. A model that predicts NaN has usually diverged: look at its training loss."
        )
    return labels, predictions, weights


def weighed_pairs(labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> Examples:
    """As `weighed_examples`, for measures that take one predicted number for each label.

    Raises:
        ValueError: as `weighed_examples`, or if `predictions` are `[N, C]`.
    """
    labels, predictions, weights = weighed_examples(labels, predictions, weights)
    if predictions.ndim != 1:
        raise ValueError(
            f"predictions must be one number for each label, got {predictions.shape[1]} columns. Flatten a "
            "head's [examples, 1] output with ravel(); choose among several classes with argmax(axis=1)."
        )
    return labels, predictions, weights
