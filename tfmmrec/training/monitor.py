"""The validation metric that decides which epoch's weights are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from tfmmrec.data.dataset import Split
from tfmmrec.metrics.direction import lower_is_better
from tfmmrec.models import Recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import Task


def default_monitor(model: Recommender | Schema) -> str:
    """``ndcg@10`` where the catalogue is ranked, else the first head's own measure."""
    schema = model if isinstance(model, Schema) else model.schema
    if schema.retrieval is not None:
        return "ndcg@10"
    task = schema.tasks[0]
    return f"{task.name}.{task.main_metric}"


def with_monitored(k: Sequence[int], monitor: str) -> tuple[int, ...]:
    """The cut-offs, with the one that decides."""
    cut = monitor.rpartition("@")[2] if "@" in monitor else ""
    return tuple(sorted({*k, int(cut)})) if cut.isdecimal() and int(cut) else tuple(k)


def metric_names(model: Recommender, split: Split, k: Sequence[int]) -> list[str]:
    """What `evaluate` measures of a model on a split, by name, without an evaluation.

    Args:
        model: what is to be evaluated.
        split: on what: a task of which it has no label is not measured.
        k: cut-offs of the ranking metrics.
    """
    names = []
    if model.schema.retrieval is not None:
        names += [f"{name}@{cut}" for cut in k for name in ("recall", "hit_rate", "ndcg", "mrr")]
        names += [f"{name}@{max(k)}" for name in ("coverage", "novelty", "diversity")]
    for task in model.schema.tasks:
        if not task.retrieval and not np.isnan(split.data.events.labels[task.name][split.rows]).all():
            names += [f"{task.name}.{metric}" for metric in _measures(model, task, split)]
    return names


def _measures(model: Recommender, task: Task, split: Split) -> Iterable[str]:
    """The names of a task's own metrics: of one example, whose numbers say nothing."""
    assert model.ranker is not None  # there is a task with a head
    output = np.zeros((1, *model.ranker.output[task.name].shape[2:]), "float32")
    answer = np.asarray(task.predict(output, model.vocabulary.tasks[task.name]))
    label, weight = np.zeros(1, "float32"), np.ones(1, "float32")
    return task.metrics(label, answer, weight, split.data.vocabulary.tasks[task.name])


def check_monitor(monitor: str, names: Iterable[str]) -> None:
    """Checks that a metric is among those that are measured.

    Raises:
        ValueError: it is not.
    """
    names = sorted(names)
    if monitor not in names:
        raise ValueError(f"There is no validation metric {monitor!r} to monitor; there are {names}.")


def check_finite(monitor: str, metrics: Mapping[str, float], epoch: int) -> None:
    """Checks that an epoch can be compared with others.

    Args:
        monitor: the metric that decides.
        metrics: what was measured, by name.
        epoch: from 1.

    Raises:
        ValueError: its value is no finite number.
    """
    if math.isfinite(metrics[monitor]):
        return
    finite = [name for name, value in metrics.items() if math.isfinite(value)]
    of_task = [name for name in finite if name.split(".")[0] == monitor.split(".")[0]]
    others = ", ".join(repr(name) for name in (of_task or finite)[:3])
    instead = f"Choose another monitor, such as {others}" if others else "No other metric is a number"
    raise ValueError(
        f"The monitored {monitor!r} is {metrics[monitor]} in epoch {epoch}, so that no epoch is the best: "
        f"the labels of validation may all be of one class, or be too few. {instead}, or give validation "
        "other events."
    )


def best_epoch(records: list[dict[str, float]], monitor: str) -> int:
    """The epoch (from 1) whose weights were kept; 0 when there is none."""
    sign = -1.0 if lower_is_better(monitor) else 1.0
    key = f"validation {monitor}"
    best, at = -math.inf, 0
    for record in records:
        if key in record and sign * record[key] > best:
            best, at = sign * record[key], int(record["epoch"])
    return at
