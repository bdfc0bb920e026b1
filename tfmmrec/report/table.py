"""Metrics with their intervals, as a table for the terminal or in Markdown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from rich.table import Table

from tfmmrec.evaluation import Interval, Results, interval, paired_statistic
from tfmmrec.metrics import mae
from tfmmrec.metrics.direction import lower_is_better

Estimate = dict[str, float]
"""``{"mean": …}``, with ``"low"`` and ``"high"`` where there is an interval."""

_NO_DIRECTION = ("coverage", "novelty", "diversity")  # more of them is not better by itself


def estimates(results: Results, samples: int = 2000) -> dict[str, Estimate]:
    """Every metric of an evaluation; ranking metrics with the interval of the bootstrap over users.

    Args:
        results: of `tfmmrec.evaluation.evaluate`.
        samples: resamples.

    Returns:
        metric → ``{"mean", "low", "high"}``, or ``{"mean"}`` for metrics that are no mean over users.
    """
    found = {name: {"mean": float(value)} for name, value in results.metrics.items()}
    for name, values in results.per_query.items():
        of_users = interval_over_users(values, results.users, samples)
        if not math.isnan(of_users.low):
            found[name] |= {"low": of_users.low, "high": of_users.high}
    return found


def interval_over_users(values: NDArray, users: NDArray, samples: int = 2000) -> Interval:
    """The mean over queries and its 95 % interval; users are drawn with all their queries.

    Args:
        values: ``[Q]``, 0 or more; NaN queries are left out.
        users: ``[Q]``, the user of each query.
        samples: resamples.
    """
    known = ~np.isnan(values)
    values, users = np.asarray(values, "float64")[known], users[known]
    if len(np.unique(users)) == len(users):
        return interval(values, samples)
    # of values that are not negative the mean absolute error against 0 is the mean
    zero = np.zeros_like(values)
    of_users = paired_statistic(mae, users, values, zero, zero, samples=samples)
    return Interval(of_users.mean, of_users.low, of_users.high, of_users.level, of_users.users)


def table(columns: Mapping[str, Mapping[str, Estimate]], title: str = "", caption: str = "") -> Table:
    """A table for the terminal: a row for each metric, a column for each model, the better one in bold.

    Args:
        columns: model → metric → estimate, as `estimates` gives them.
        title: above the table.
        caption: below it.
    """
    drawn = Table(title=title or None, caption=caption or None, title_justify="left", caption_justify="left")
    drawn.add_column("metric")
    for name in columns:
        drawn.add_column(name, justify="right", no_wrap=True)
    for metric in _metrics(columns):
        best = _best(metric, [column.get(metric) for column in columns.values()])
        cells = [_cell(column.get(metric)) for column in columns.values()]
        drawn.add_row(metric, *(f"[bold]{cell}[/]" if i == best else cell for i, cell in enumerate(cells)))
    return drawn


def markdown(columns: Mapping[str, Mapping[str, Estimate]]) -> str:
    """The same table in Markdown, the better value in bold."""
    lines = [f"| metric | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    for metric in _metrics(columns):
        best = _best(metric, [column.get(metric) for column in columns.values()])
        cells = [_cell(column.get(metric)) for column in columns.values()]
        shown = " | ".join(f"**{cell}**" if i == best else cell for i, cell in enumerate(cells))
        lines.append(f"| {metric} | {shown} |")
    return "\n".join(lines) + "\n"


def _metrics(columns: Mapping[str, Mapping[str, Estimate]]) -> list[str]:
    return list(dict.fromkeys(metric for column in columns.values() for metric in column))


def _cell(estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return ""
    if math.isnan(estimate["mean"]):
        return "–"
    if "low" not in estimate:
        return f"{estimate['mean']:.4f}"
    return f"{estimate['mean']:.4f} ({estimate['low']:.4f}–{estimate['high']:.4f})"


def _best(metric: str, estimates: Sequence[Mapping[str, float] | None]) -> int | None:
    """Which column is better; None where there is nothing to compare, or neither is better than the other."""
    name = metric.rsplit(".", 1)[-1].split("@")[0]
    values = [math.nan if estimate is None else estimate["mean"] for estimate in estimates]
    if name in _NO_DIRECTION or sum(not math.isnan(value) for value in values) < 2:
        return None
    sign = -1.0 if lower_is_better(metric) else 1.0
    ranked = [-math.inf if math.isnan(value) else sign * value for value in values]
    best = max(ranked)
    return ranked.index(best) if ranked.count(best) == 1 else None
