"""Measures of predicted classes and probabilities.

Every function takes `labels` first, then what was predicted, then optional example `weights` (not negative;
None is 1 each). Examples of weight 0 are left out, so a missing label may stay NaN if its weight is 0. Where
there is nothing to measure (no example, or no second class to tell apart) the result is NaN rather than an
error: small slices of an evaluation run into it, and NaN in a table says so where an exception would lose the
table.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfmmrec.metrics.examples import Examples, weighed_examples, weighed_pairs


def auc(labels: ArrayLike, scores: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Area under the ROC curve: how probably a positive example scores above a negative one.

    Ties count half. Computed from ranks (Hanley and McNeil, 1982); with weights, every pair of a
    positive and a negative example counts with the product of their weights. Needs a sort and no thresholds.

    Args:
        labels: 0 or 1, `[N]`.
        scores: numbers `[N]`, greater for more probably positive; logits do as well as probabilities.
        weights: numbers `[N]`, or None.

    Returns:
        A number between 0 and 1; NaN if only one class is present.

    Raises:
        ValueError: if shapes differ, a label is not 0 or 1, or a score is NaN.
    """
    truth, predicted, weight = weighed_pairs(labels, scores, weights)
    _check_binary(truth, "labels")
    return prepared_auc(truth, predicted)(weight)


def prepared_auc(labels: NDArray, scores: NDArray) -> Callable[[NDArray[np.float64]], float]:
    """AUC as a function of the weights alone: sorted once, for weights that are drawn again and again.

    Args:
        labels: 0 or 1, `[N]`.
        scores: numbers `[N]`, none of them NaN.

    Returns:
        A function of float64 weights `[N]` that gives what `auc` does.
    """
    positive, negative = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    # the order of the positives is free: sorted, they look up their ranks close to one another
    positive, negative = positive[np.argsort(scores[positive])], negative[np.argsort(scores[negative])]
    below = np.searchsorted(scores[negative], scores[positive], side="left")
    through = np.searchsorted(scores[negative], scores[positive], side="right")

    def value(weights: NDArray[np.float64]) -> float:
        of_positive = weights[positive]
        rank = np.concatenate([[0.0], np.cumsum(weights[negative])])  # weight of the first j negatives
        pairs = of_positive.sum() * rank[-1]
        if not pairs > 0:
            return math.nan
        # half of what is strictly below and half of what is at most level: ties count half
        won = of_positive @ rank[below] + of_positive @ rank[through]
        return float(np.clip(won / (2 * pairs), 0.0, 1.0))

    return value


def log_loss(
    labels: ArrayLike, probabilities: ArrayLike, weights: ArrayLike | None = None, clip: float = 1e-7
) -> float:
    """Weighted mean of `−log p(label)`, in nats.

    Args:
        labels: 0 or 1 with `probabilities` `[N]`; class indices with `probabilities` `[N, C]`.
        probabilities: of label 1 `[N]`, or of each class `[N, C]` with rows that add up to 1.
        weights: numbers `[N]`, or None.
        clip: probabilities are kept within `clip .. 1 − clip`, so that one wrong certainty costs
            `−log(clip)` and not infinity.

    Returns:
        A number, 0 at best; NaN if there is no example.

    Raises:
        ValueError: if shapes differ, labels are not classes, or probabilities are not between 0 and 1.
    """
    truth, given, weight = weighed_examples(labels, probabilities, weights)
    if not 0 < clip < 0.5:
        raise ValueError(f"clip must be above 0 and below 0.5, got {clip}. Use a small number such as 1e-7.")
    if given.size and (given.min() < 0 or given.max() > 1):
        raise ValueError(
            f"probabilities must be between 0 and 1, got {given.min():g} to {given.max():g}. "
            "Turn logits into probabilities first, with a sigmoid or a softmax."
        )
    if given.ndim == 1:
        _check_binary(truth, "labels")
        chosen = np.where(truth == 1, given, 1.0 - given)
    else:
        chosen = _of_label(truth, given)
    return _mean(-np.log(np.clip(chosen, clip, 1.0 - clip)), weight)


def accuracy(labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Weighted share of examples whose predicted class is the label.

    Args:
        labels: class indices `[N]`.
        predictions: class indices `[N]`, not probabilities.
        weights: numbers `[N]`, or None.

    Returns:
        A number between 0 and 1; NaN if there is no example.

    Raises:
        ValueError: if shapes differ or classes are not whole numbers.
    """
    truth, predicted, weight = _classes(labels, predictions, weights)
    return _mean((truth == predicted).astype(np.float64), weight)


def f1(labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """F1 of class 1: `2·TP / (2·TP + FP + FN)`, the harmonic mean of precision and recall.

    Args:
        labels: 0 or 1, `[N]`.
        predictions: 0 or 1, `[N]`, not probabilities.
        weights: numbers `[N]`, or None.

    Returns:
        A number between 0 and 1; NaN if class 1 is neither labelled nor predicted anywhere.

    Raises:
        ValueError: if shapes differ or anything but 0 and 1 is given.
    """
    truth, predicted, weight = _classes(labels, predictions, weights)
    _check_binary(truth, "labels")
    _check_binary(predicted, "predictions")
    size = weight @ truth + weight @ predicted  # 2·TP + FP + FN
    return float(2.0 * (weight @ (truth * predicted)) / size) if size > 0 else math.nan


def macro_f1(labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean over classes of each class's F1, rare classes counting as much as common ones.

    The classes are those that are labelled or predicted at least once.

    Args:
        labels: class indices `[N]`.
        predictions: class indices `[N]`, not probabilities.
        weights: numbers `[N]`, or None.

    Returns:
        A number between 0 and 1; NaN if there is no example.

    Raises:
        ValueError: if shapes differ or classes are not whole numbers.
    """
    truth, predicted, weight = _classes(labels, predictions, weights)
    if not truth.size:
        return math.nan
    _, index = np.unique(np.concatenate([truth, predicted]), return_inverse=True)
    of_truth, of_prediction = index[: truth.size], index[truth.size :]
    size = np.bincount(index, np.concatenate([weight, weight]))
    both = np.bincount(of_truth, weight * (of_truth == of_prediction), minlength=size.size)
    return float(np.mean(2.0 * both / size))


def _classes(labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None) -> Examples:
    """`weighed_pairs` for predictions that are classes."""
    truth, predicted, weight = weighed_pairs(labels, predictions, weights)
    for name, values in (("labels", truth), ("predictions", predicted)):
        wrong = np.flatnonzero(values != np.rint(values))
        if wrong.size:
            raise ValueError(
                f"{name} must be classes, whole numbers, got {values[wrong[0]]:g}. Turn probabilities into "
                "classes first, with probabilities > 0.5 or probabilities.argmax(axis=1)."
            )
    return truth, predicted, weight


def _check_binary(values: NDArray[np.float64], name: str) -> None:
    wrong = np.flatnonzero((values != 0) & (values != 1))
    if wrong.size:
        raise ValueError(
            f"{name} must be 0 or 1, got {values[wrong[0]]:g}. Cut other numbers at a threshold first, "
            "such as rating >= 4; measure several classes with accuracy, macro_f1 or a log_loss over [N, C]."
        )


def _of_label(labels: NDArray[np.float64], probabilities: NDArray) -> NDArray[np.float64]:
    """The probability given to each example's label, float64 `[N]`."""
    classes = probabilities.shape[1]
    wrong = np.flatnonzero((labels != np.rint(labels)) | (labels < 0) | (labels >= classes))
    if wrong.size:
        raise ValueError(
            f"labels must be class indices from 0 to {classes - 1}, the columns of probabilities, got "
            f"{labels[wrong[0]]:g}. Give the head one column for every class."
        )
    total = probabilities.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero(np.abs(total - 1.0) > 0.01)  # wide enough for rows computed in half precision
    if wrong.size:
        raise ValueError(
            f"each row of probabilities must add up to 1, yet row {wrong[0]} adds up to {total[wrong[0]]:g}. "
            "Apply a softmax over the classes."
        )
    return probabilities[np.arange(len(labels)), labels.astype(np.int64)].astype(np.float64)


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    return float(values @ weights / weights.sum()) if values.size else math.nan
