"""How far a measured number could be chance: the bootstrap over users (Efron and Tibshirani, 1993).

Users, not events, are drawn with replacement, because the events of one user resemble each other. Two models
are compared on the same drawn users (paired, as in Sakai, SIGIR 2006): most of the spread between users then
cancels.

One resample is held at a time, so memory stays in proportion to the data however many are drawn; the same
seed gives the same numbers. The interval is the percentile interval, which is too narrow for fewer than some
tens of users.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfmmrec.metrics.classification import auc, macro_f1, prepared_auc
from tfmmrec.metrics.examples import weighed_examples
from tfmmrec.metrics.regression import mae, rmse

Statistic = Callable[..., float]
OfCounts = Callable[[NDArray[np.float64]], float]


@dataclass(frozen=True)
class Interval:
    """A mean over users and where it lies with the given confidence.

    Attributes:
        mean: mean over the users that have a value; NaN if none has.
        low, high: ends of the interval; NaN with fewer than two users, who say nothing about spread.
        level: confidence of the interval, such as 0.95.
        users: how many users have a value.
    """

    mean: float
    low: float
    high: float
    level: float
    users: int


@dataclass(frozen=True)
class Difference:
    """How much greater `a` is than `b`, over the same users.

    Attributes:
        mean: the difference on the data as they are, `a − b`; NaN if no user has both.
        low, high: ends of the interval; NaN with fewer than two users.
        probability: share of the resamples in which `a` is greater than `b`, ties counting half; NaN with
            fewer than two users. Where less is better, as with RMSE, a share near 0 speaks for `a`.
        level: confidence of the interval, such as 0.95.
        users: how many users take part.
    """

    mean: float
    low: float
    high: float
    probability: float
    level: float
    users: int

    @property
    def significant(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def interval(values: ArrayLike, samples: int = 2000, level: float = 0.95, seed: int = 0) -> Interval:
    """Mean of per-user values with its bootstrap interval.

    Args:
        values: numbers `[users]`; NaN users (nothing to measure) are left out.
        samples: number of resamples.
        level: confidence, between 0 and 1.
        seed: of the random draws.

    Raises:
        ValueError: if `values` is not `[users]` or holds an infinite number, or `samples` or `level` is out
            of range.
    """
    _check_draws(samples, level)
    known = _known(_per_user(values, "values"))
    low, high = _ends(_resampled_means(known, samples, seed), level)
    return Interval(_mean(known), low, high, level, known.size)


def paired_difference(
    a: ArrayLike, b: ArrayLike, samples: int = 2000, level: float = 0.95, seed: int = 0
) -> Difference:
    """Difference of two models' means over the same users: `mean(a − b)`.

    Args:
        a: numbers `[users]`, the values of one model.
        b: numbers `[users]`, those of the other, users in the same order. NaN in either leaves a user out.
        samples: number of resamples.
        level: confidence, between 0 and 1.
        seed: of the random draws.

    Raises:
        ValueError: if shapes differ, a number is infinite, or `samples` or `level` is out of range.
    """
    _check_draws(samples, level)
    of_a, of_b = _per_user(a, "a"), _per_user(b, "b")
    if of_a.shape != of_b.shape:
        raise ValueError(
            f"a and b must hold the same users in the same order, got {of_a.size} and {of_b.size} values. "
            "Keep users without a value as NaN rather than leaving them out."
        )
    known = _known(of_a - of_b)
    return _difference(_mean(known), _resampled_means(known, samples, seed), level, known.size)


def paired_statistic(
    statistic: Statistic,
    groups: ArrayLike,
    a: ArrayLike,
    b: ArrayLike,
    labels: ArrayLike,
    weights: ArrayLike | None = None,
    samples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Difference:
    """Difference of two models in a measure that is no mean over users, such as AUC or RMSE.

    Users are drawn with all their examples (the cluster bootstrap, Field and Welsh, 2007): a user drawn twice
    counts with twice the weight. `auc` is sorted once and then costs one pass over the examples for each
    resample; `rmse` and `mae` are summed per user once and cost one pass over the users; any other measure is
    called afresh. Resamples of `macro_f1` lack the rarest classes, the worst, and are too high: they are
    moved by their bias, so that their mean is the difference itself (Efron and Tibshirani, 1993, chapter 10).
    A resample in which the measure is NaN (an AUC of one class) is left out.

    Args:
        statistic: a measure `(labels, predictions, weights) -> float`, such as those of `tfmmrec.metrics`.
        groups: the user of each example, numbers or strings `[N]`.
        a: one model's predictions `[N]` (or `[N, C]` if the measure takes them).
        b: the other's, for the same examples.
        labels: numbers `[N]`; examples with a NaN label are left out.
        weights: example weights `[N]`, or None; examples with weight 0 are left out.
        samples: number of resamples.
        level: confidence, between 0 and 1.
        seed: of the random draws.

    Returns:
        `statistic` of `a` minus that of `b`.

    Raises:
        ValueError: if shapes differ, a prediction is NaN where there is a label, `samples` or `level` is out
            of range, or the measure itself refuses the examples.
    """
    _check_draws(samples, level)
    truth, users = np.asarray(labels, dtype=np.float64), np.asarray(groups)
    if users.ndim != 1 or users.shape != truth.shape:
        raise ValueError(
            f"groups must name one user for each label, got groups {list(users.shape)} and labels "
            f"{list(truth.shape)}. Repeat a user for each of the user's examples."
        )
    weight = np.ones(truth.shape) if weights is None else np.array(weights, dtype=np.float64)
    if weight.shape == truth.shape:  # another shape is refused below
        weight[np.isnan(truth)] = 0.0
    of_a = weighed_examples(truth, a, weight)
    of_b = weighed_examples(truth, b, weight)
    names, index = np.unique(users[weight > 0], return_inverse=True)
    prepare = _PREPARED.get(statistic, _any_of_counts(statistic))
    value_a, value_b = prepare(*of_a, index), prepare(*of_b, index)
    observed = statistic(*of_a) - statistic(*of_b)
    drawn = np.asarray([value_a(counts) - value_b(counts) for counts in _draws(names.size, samples, seed)])
    drawn = drawn[~np.isnan(drawn)]
    if statistic is macro_f1 and drawn.size:
        drawn = drawn - (drawn.mean() - observed)
    return _difference(observed, drawn, level, names.size)


def _resampled_means(values: NDArray[np.float64], samples: int, seed: int) -> NDArray[np.float64]:
    """Means of `samples` resamples of `values`; none if there are fewer than two values."""
    if values.size < 2:
        return np.empty(0)
    random = np.random.default_rng(seed)
    distinct, counts = np.unique(values, return_counts=True)
    if 16 * distinct.size <= values.size:
        # Drawing users one by one and counting equal values is, by definition, one multinomial draw: a hit
        # rate over a million users costs two numbers for each resample, not a million.
        shares = counts / values.size
        totals = (distinct @ random.multinomial(values.size, shares) for _ in range(samples))
        return np.fromiter(totals, np.float64, samples) / values.size
    drawn = (random.integers(values.size, size=values.size, dtype=np.int32) for _ in range(samples))
    sums = (values[users].sum() for users in drawn)
    return np.fromiter(sums, np.float64, samples) / values.size


def _draws(users: int, samples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each user is drawn, `[users]`, for each resample; none with fewer than two users."""
    random = np.random.default_rng(seed)
    for _ in range(samples if users >= 2 else 0):
        drawn = random.integers(users, size=users, dtype=np.int32)
        yield np.bincount(drawn, minlength=users).astype(np.float64)


def _auc_of_counts(labels: NDArray, scores: NDArray, weights: NDArray, users: NDArray) -> OfCounts:
    auc(labels, scores, weights)  # refuses what is no binary problem
    value = prepared_auc(labels, scores)
    return lambda counts: value(weights * counts[users])


def _rmse_of_counts(labels: NDArray, predictions: NDArray, weights: NDArray, users: NDArray) -> OfCounts:
    rmse(labels, predictions, weights)  # refuses predictions that are not one number each
    error = np.bincount(users, weights * (predictions - labels) ** 2)
    weight = np.bincount(users, weights)
    return lambda counts: math.sqrt((counts @ error) / (counts @ weight))


def _mae_of_counts(labels: NDArray, predictions: NDArray, weights: NDArray, users: NDArray) -> OfCounts:
    mae(labels, predictions, weights)
    error = np.bincount(users, weights * np.abs(predictions - labels))
    weight = np.bincount(users, weights)
    return lambda counts: float((counts @ error) / (counts @ weight))


def _any_of_counts(statistic: Statistic) -> Callable[..., OfCounts]:
    def prepare(labels: NDArray, predictions: NDArray, weights: NDArray, users: NDArray) -> OfCounts:
        return lambda counts: statistic(labels, predictions, weights * counts[users])

    return prepare


# Faster ways to the same numbers, for the measures that have one.
_PREPARED: dict[Statistic, Callable[..., OfCounts]] = {
    auc: _auc_of_counts,
    rmse: _rmse_of_counts,
    mae: _mae_of_counts,
}


def _difference(mean: float, drawn: NDArray[np.float64], level: float, users: int) -> Difference:
    low, high = _ends(drawn, level)
    probability = float(np.mean((drawn > 0) + 0.5 * (drawn == 0))) if drawn.size else math.nan
    return Difference(mean, low, high, probability, level, users)


def _ends(drawn: NDArray[np.float64], level: float) -> tuple[float, float]:
    if not drawn.size:
        return math.nan, math.nan
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if values.size else math.nan


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _per_user(values: ArrayLike, name: str) -> NDArray[np.float64]:
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1 or np.isinf(values).any():
        raise ValueError(
            f"{name} must be finite numbers [users], or NaN for a user with nothing to measure, got shape "
            f"{list(values.shape)} with {np.count_nonzero(np.isinf(values))} infinite numbers."
        )
    return values


def _check_draws(samples: int, level: float) -> None:
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}. 2000 give a steady 95 % interval.")
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}. Write 0.95 for 95 %.")
