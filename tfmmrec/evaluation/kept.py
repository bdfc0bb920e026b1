"""What a model answered every user, kept as a file: so two are compared without being asked again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tfmmrec.aside import file_aside
from tfmmrec.evaluation.bootstrap import Difference, paired_difference, paired_statistic
from tfmmrec.evaluation.evaluate import Answers, Results
from tfmmrec.metrics import accuracy, auc, macro_f1, mae, rmse

Kept = dict[str, NDArray]
"""By name: ``users`` and every ranking metric ``[Q]``; ``<task>.users``, ``.labels``, ``.weights`` and
``.predictions`` ``[E]``, of many classes the likeliest."""

_NUMBERS: dict[str, Callable[..., float]] = {"auc": auc, "rmse": rmse, "mae": mae}
_CLASSES: dict[str, Callable[..., float]] = {"accuracy": accuracy, "macro_f1": macro_f1}


def keep(results: Results, path: Path) -> None:
    """Writes the answers of an evaluation: plain arrays, aside and renamed. The file's folder is made."""
    arrays: Kept = {"users": results.users, **results.per_query}
    for task, answers in results.answers.items():
        arrays[f"{task}.users"], arrays[f"{task}.labels"] = answers.users, answers.labels
        arrays[f"{task}.weights"], arrays[f"{task}.predictions"] = answers.weights, _of_event(answers)
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_aside(path) as aside, aside.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def open_kept(path: Path) -> Kept:
    """The way back from `keep`."""
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def difference(a: Kept, b: Kept, metric: str) -> Difference | None:
    """How much greater a metric is of `a` than of `b`, over the same users (see `paired_statistic`).

    Returns:
        None where the two did not answer the same, or where the metric is neither a mean over queries nor one
        of ``auc``, ``rmse``, ``mae``, ``accuracy`` and ``macro_f1`` of a task.
    """
    if metric in a and metric in b:
        return _of_queries(a, b, metric)
    task, _, name = metric.rpartition(".")
    statistic, answers = _statistic(a, task, name), f"{task}.predictions"
    if statistic is None or answers not in b:
        return None
    users, labels = a[f"{task}.users"], a[f"{task}.labels"]
    if not (np.array_equal(users, b[f"{task}.users"]) and np.array_equal(labels, b[f"{task}.labels"])):
        return None
    return paired_statistic(statistic, users, a[answers], b[answers], labels, a[f"{task}.weights"])


def statistic_interval(kept: Kept, metric: str) -> tuple[float, float] | None:
    """The 95 % interval over users of a metric of a task; None where it is none of those above.

    It is that of the difference to answers whose value is the same in every resample.
    """
    task, _, name = metric.rpartition(".")
    statistic = _statistic(kept, task, name)
    if statistic is None:
        return None
    users, labels, weights, found = (
        kept[f"{task}.{part}"] for part in ("users", "labels", "weights", "predictions")
    )
    # one score for all leaves every pair a tie; the labels themselves have no error
    certain, value = (np.zeros(len(labels)), 0.5) if name == "auc" else (labels, float(name in _CLASSES))
    gap = paired_statistic(statistic, users, found, certain, labels, weights)
    return gap.low + value, gap.high + value


def _of_queries(a: Kept, b: Kept, metric: str) -> Difference | None:
    users, of_a, of_b = a["users"], a[metric], b[metric]
    if not np.array_equal(users, b["users"]):
        return None
    if len(np.unique(users)) == len(users):
        return paired_difference(of_a, of_b)
    # a user is drawn with all queries; what has nothing to measure has no label, and is left out
    nothing = np.where(np.isnan(of_a) | np.isnan(of_b), np.nan, 0.0)
    return paired_statistic(_mean, users, of_a, of_b, nothing)


def _statistic(kept: Kept, task: str, name: str) -> Callable[..., float] | None:
    """The measure of this name that goes with the task's answers: numbers, or the likeliest classes."""
    answers = kept.get(f"{task}.predictions")
    if answers is None:
        return None
    return (_CLASSES if answers.dtype.kind == "i" else _NUMBERS).get(name)


def _mean(labels: NDArray, values: NDArray, weights: NDArray) -> float:
    return float(np.average(values, weights=weights))


def _of_event(answers: Answers) -> NDArray:
    """A prediction per event: the number, or of many classes the likeliest."""
    return answers.predictions if answers.predictions.ndim == 1 else answers.predictions.argmax(axis=-1)
