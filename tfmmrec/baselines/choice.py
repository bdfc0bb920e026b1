"""The settings of a baseline: all of a small grid are tried, and validation decides."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Predictor, Scorer, evaluate
from tfmmrec.metrics.direction import lower_is_better


@dataclass(frozen=True)
class Choice:
    """A baseline with the best settings.

    Attributes:
        baseline: fitted.
        settings: its settings.
        tried: every setting with its value on validation, in the order of the grid; empty where there was
            nothing to choose.
    """

    baseline: Scorer | Predictor
    settings: dict[str, Any] = field(default_factory=dict)
    tried: list[tuple[dict[str, Any], float]] = field(default_factory=list)


def combinations(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of a grid's values; one of nothing where the grid is empty."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def choose(
    baseline: Callable[..., Scorer | Predictor],
    data: Data,
    grid: Mapping[str, Sequence[Any]] | None = None,
    monitor: str = "ndcg@10",
) -> Choice:
    """Fits a baseline with every combination of settings and keeps the best on validation.

    Args:
        baseline: data and settings → something that scores or predicts: ``ItemKNN``, ``EASE``, ``Bias``.
        data: the prepared data; its test events are not read.
        grid: setting → values to try, ``{"l2": (10, 100, 1000)}``. Of equals the first is taken.
        monitor: a metric of a ranking, or of a task's answers, such as ``"rating.rmse"``.

    Raises:
        ValueError: a setting has no values, the metric is none that the baseline has, or there is something
            to choose and no validation event to choose by.
    """
    grid = grid or {}
    if empty := [name for name, values in grid.items() if not len(values)]:
        raise ValueError(f"The grid must give every setting a value to try, and gives {empty[0]!r} none.")
    settings = combinations(grid)
    if len(settings) == 1:
        return Choice(baseline(data, **settings[0]), settings[0])
    measure, _, cut = monitor.partition("@")
    ranking = measure in ("recall", "hit_rate", "ndcg", "mrr") and cut.isdecimal() and int(cut) > 0
    if not ranking and monitor.partition(".")[0] not in data.events.labels:
        raise ValueError(
            "A baseline is chosen by recall@K, hit_rate@K, ndcg@K or mrr@K, such as 'ndcg@10', or by a "
            f"task's measure, such as 'rating.rmse'; got {monitor!r}."
        )
    sign = -1.0 if lower_is_better(monitor) else 1.0
    best: Scorer | Predictor | None = None
    tried: list[tuple[dict[str, Any], float]] = []
    for one in settings:
        fitted = baseline(data, **one)
        metrics = evaluate(fitted, data.validation, k=(int(cut),) if ranking else (10,)).metrics
        if monitor not in metrics:
            raise ValueError(
                f"{type(fitted).__name__} cannot be chosen by {monitor!r}; it has {', '.join(metrics)}."
            )
        value = metrics[monitor]
        if best is None or sign * value > max(sign * before for _, before in tried):
            best, chosen = fitted, one
        tried.append((one, value))
    assert best is not None
    return Choice(best, chosen, tried)
