"""An item's mean and a user's: the baseline of everything that predicts a label."""

from __future__ import annotations

import math

import numpy as np

from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Queries
from tfmmrec.tasks import Multiclass, Task

_CHUNK = 1024  # queries whose histories are read at a time


class Bias:
    """Predicts the mean label, moved by how the item's labels and then the user's differ from it.

    With ``m`` the weighted mean of the training labels, ``b_i = Σ w (y − m) / (Σ w + item)`` over the
    training events of the item and ``b_u = Σ w (y − m − b_i) / (Σ w + user)`` over the history that is
    known of the user, the answer is ``m + b_i + b_u``, cut to the range of the training labels (Koren,
    *Factor in the neighbors*, 2010, section 2.1). Of classes each is predicted so, from labels of 0 and 1,
    and the answers are divided by their sum. An item without training labels and a user without known ones
    move nothing.

    Args:
        data: the prepared data; every task with labels is learnt.
        item, user: labels' worth of doubt about an item's and a user's mean; 0 takes them as they are.

    Raises:
        ValueError: a damping is negative or not finite, no task has a label, or all of a task's weigh 0.
    """

    def __init__(self, data: Data, item: float = 10.0, user: float = 10.0) -> None:
        for name, value in (("item", item), ("user", user)):
            if not 0 <= value < math.inf:
                raise ValueError(f"{name} is added to a denominator and must be 0 or more; got {value!r}.")
        self.user = user
        self._tasks = {
            task.name: _Labels(data, task, item) for task in data.schema.tasks if not task.retrieval
        }
        if not self._tasks:
            raise ValueError(
                "Bias predicts labels, and the schema has no task with any; to rank by what most users took, "
                "take MostPopular."
            )

    def predictions(self, queries: Queries, query: np.ndarray, item: np.ndarray) -> dict[str, np.ndarray]:
        """By task float32 ``[P]``, or of classes ``[P, C]``, of these queries and catalogue rows ``[P]``."""
        return {name: labels.predict(queries, query, item, self.user) for name, labels in self._tasks.items()}


class _Labels:
    """What training tells of one task's labels: their mean, and by how much each item's differ from it."""

    def __init__(self, data: Data, task: Task, damping: float) -> None:
        self._name = task.name
        self._classes = (
            len(data.vocabulary.tasks[task.name]["classes"]) if isinstance(task, Multiclass) else 0
        )
        known, values, weights = self._of(data, data.train.rows)
        if not known.any():
            raise ValueError(f"Bias learns {task.name!r} from training events, and none of them has a label.")
        if not weights.any():
            raise ValueError(
                f"Bias learns {task.name!r} from training events, and all that have a label weigh 0: give "
                "some a weight above 0 in the column of event_weight."
            )
        self._range = values.min(), values.max()
        self._mean = np.average(values, axis=0, weights=weights)
        item, count = data.events.item[data.train.rows[known]], data.vocabulary.items
        self._items = _damped(item, values - self._mean, weights, count, damping)

    def predict(self, queries: Queries, query: np.ndarray, item: np.ndarray, damping: float) -> np.ndarray:
        users = np.zeros((len(queries), self._items.shape[1]))
        for chunk in queries.chunks(_CHUNK):
            place, rows = queries.histories.flat(chunk)
            known, values, weights = self._of(queries.data, rows)
            left = values - self._mean - self._items[queries.data.events.item[rows[known]]]
            users[chunk] = _damped(place[known], left, weights, len(chunk), damping)
        found = np.clip(self._mean + self._items[item] + users[query], *self._range)
        if not self._classes:
            return found[:, 0].astype("float32")
        return (found / found.sum(axis=1, keepdims=True)).astype("float32")

    def _of(self, data: Data, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Which of these events have a label; their values ``[K, 1]`` or ``[K, C]``, and their weights."""
        labels = data.events.labels[self._name][rows]
        known = ~np.isnan(labels)
        labels = labels[known].astype("float64")
        values = np.eye(self._classes)[labels.astype("int64")] if self._classes else labels[:, None]
        return known, values, data.events.weights[self._name][rows[known]].astype("float64")


def _damped(
    group: np.ndarray, values: np.ndarray, weights: np.ndarray, groups: int, damping: float
) -> np.ndarray:
    """The weighted mean of each group's values, as if `damping` more of them were 0; 0 of an empty group."""
    total = np.bincount(group, weights, groups)[:, None] + damping
    sums = np.stack([np.bincount(group, weights * column, groups) for column in values.T], axis=1)
    return np.divide(sums, total, out=np.zeros(sums.shape), where=total > 0)
