"""Tasks of classes, yes and no among them, as distributions over classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfmmrec.models import Recommender
from tfmmrec.schema import pick
from tfmmrec.tasks import Binary, Multiclass, Task


def tasks_of_classes(model: Recommender, names: Sequence[str] | None = None) -> list[Task]:
    """The tasks of these names; by default all that have classes.

    Raises:
        ValueError: there is no such task, it has no classes, or no task has.
    """
    fitting: list[Task] = [task for task in model.schema.tasks if isinstance(task, Binary | Multiclass)]
    if names is None:
        if not fitting:
            raise ValueError(
                "The schema has no task of classes, which a model is sure or unsure of: neither Binary nor "
                "Multiclass."
            )
        return fitting
    chosen = list(pick(model.schema.tasks, names, "task"))
    for task in chosen:
        if task not in fitting:
            raise ValueError(
                f"Task {task.name!r} has no classes that a model is sure or unsure of; give a Binary or "
                f"Multiclass task: {[one.name for one in fitting]}."
            )
    return chosen


def class_names(task: Task, state: dict[str, Any]) -> list[str]:
    """The names of a task's classes, in the order of `class_probabilities`."""
    return list(state["classes"]) if isinstance(task, Multiclass) else ["0", "1"]


def class_probabilities(task: Task, predicted: np.ndarray) -> np.ndarray:
    """What a head expects as ``[R, C]``: of yes and no the chances of both."""
    return predicted if isinstance(task, Multiclass) else np.stack([1 - predicted, predicted], axis=1)
