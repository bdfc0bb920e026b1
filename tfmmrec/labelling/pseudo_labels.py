"""Pseudo-labels: what a model is sure of, to learn from (Lee 2013)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tfmmrec.data import Data
from tfmmrec.data.dataset import TRAIN
from tfmmrec.evaluation import predict_events
from tfmmrec.labelling.classes import class_names, class_probabilities, tasks_of_classes
from tfmmrec.models import Recommender
from tfmmrec.tasks import Task

Threshold = float | Mapping[str, float]


@dataclass(frozen=True)
class PseudoLabels:
    """Labels that a model filled in.

    Attributes:
        data: the same data with them, to train on.
        event: int ``[P]``: the row of the event each stands in.
        task: ``[P]``, of which task each is.
        label: ``[P]``, the class.
        confidence: float ``[P]``, how likely the model holds it.
        counts: task → class → how many were filled in.
        unsure: task → how many labels are still missing.
    """

    data: Data
    event: np.ndarray
    task: Sequence[str]
    label: Sequence[str]
    confidence: np.ndarray
    counts: dict[str, dict[str, int]]
    unsure: dict[str, int]

    def table(self) -> list[dict[str, object]]:
        """A row of each: its user and item by their ids, task, label and confidence."""
        events, data = self.data.events, self.data
        return [
            {
                "user_id": data.user_ids[events.user[event]],
                "item_id": data.item_ids[events.item[event]],
                "task": task,
                "label": label,
                "confidence": float(confidence),
            }
            for event, task, label, confidence in zip(
                self.event.tolist(), self.task, self.label, self.confidence, strict=True
            )
        ]


def pseudo_label(
    model: Recommender,
    data: Data,
    tasks: Sequence[str] | None = None,
    threshold: Threshold | Mapping[str, Threshold] = 0.95,
    weight: float = 0.5,
) -> PseudoLabels:
    """Fills in the labels that training events lack, where the model is sure of a class.

    The events of validation and test keep what they have. `data` stays as it is.

    Args:
        model: trained on the labels there are.
        data: with the events.
        tasks: names of tasks of classes, yes and no among them; all such by default.
        threshold: how likely a class must be: for all, by class (``{"1": 0.9, "0": 0.99}``; those that are
            not named are never filled in), or by task either of these.
        weight: of such an example beside one that was labelled, above 0. The example's own weight and its
            propensity count as they do of a label: an event of weight 0 stays one.

    Raises:
        ValueError: there is no such task or class, a task has no classes, a threshold or the weight is out of
            range, or the model was built for data that were prepared otherwise.
    """
    if not weight > 0:
        raise ValueError(f"weight is what a pseudo-label counts beside a label, above 0; got {weight}.")
    model.vocabulary.check_rows(data.vocabulary)
    chosen = tasks_of_classes(model, tasks)
    wanted = {task.name: _thresholds(model, task, threshold) for task in chosen}
    events = data.events
    train = events.split == TRAIN
    lacking = {task.name: np.flatnonzero(train & np.isnan(events.labels[task.name])) for task in chosen}
    rows = np.unique(np.concatenate([np.zeros(0, "int64"), *lacking.values()]))
    found = predict_events(model, data, rows)
    labels, weights = dict(events.labels), dict(events.weights)
    counts: dict[str, dict[str, int]] = {}
    unsure: dict[str, int] = {}
    told: list[tuple[np.ndarray, list[str], list[str], np.ndarray]] = []
    for task in chosen:
        state, name, mine = model.vocabulary.tasks[task.name], task.name, lacking[task.name]
        names = class_names(task, state)
        probabilities = np.zeros((0, len(names)))
        if len(mine):
            probabilities = class_probabilities(task, found[name])[np.searchsorted(rows, mine)]
        likeliest = probabilities.argmax(axis=1) if len(mine) else np.zeros(0, "int64")
        confidence = probabilities[np.arange(len(mine)), likeliest]
        sure = confidence >= wanted[name][likeliest]
        filled, label = mine[sure], likeliest[sure].astype("float32")
        labels[name], weights[name] = np.array(events.labels[name]), np.array(events.weights[name])
        labels[name][filled] = label
        weights[name][filled] *= weight * task.class_weight(label, state)
        counts[name] = {one: int((label == place).sum()) for place, one in enumerate(names)}
        unsure[name] = int((~sure).sum())
        said = [names[int(place)] for place in label]
        told.append((filled, [name] * len(filled), said, confidence[sure]))
    event = np.concatenate([np.zeros(0, "int64"), *(one[0] for one in told)])
    said = [label for one in told for label in one[2]]
    digest = hashlib.sha256(f"{data.split_sha256} with pseudo-labels of weight {weight}".encode())
    for one in told:
        digest.update("\0".join([*one[1], *one[2]]).encode() + one[0].tobytes())
    return PseudoLabels(
        replace(
            data, events=replace(events, labels=labels, weights=weights), split_sha256=digest.hexdigest()
        ),
        event,
        [name for one in told for name in one[1]],
        said,
        np.concatenate([np.zeros(0), *(one[3] for one in told)]),
        counts,
        unsure,
    )


def _thresholds(model: Recommender, task: Task, threshold: Threshold | Mapping[str, Threshold]) -> np.ndarray:
    """float ``[C]``, how likely each class must be; infinite where it is never filled in."""
    names = class_names(task, model.vocabulary.tasks[task.name])
    tasks = [one.name for one in model.schema.tasks]
    asked: Any = threshold
    if isinstance(asked, Mapping) and asked and all(name in tasks for name in asked):
        asked = asked.get(task.name, {})
    by_class = asked if isinstance(asked, Mapping) else dict.fromkeys(names, asked)
    for name, least in by_class.items():
        if name not in names:
            raise ValueError(f"Task {task.name!r} has no class {name!r}; there are {names}.")
        if isinstance(least, bool) or not isinstance(least, int | float) or not 0 < least <= 1:
            raise ValueError(
                f"A threshold is how likely a class must be, above 0 and at most 1; got {least!r}."
            )
    return np.asarray([by_class.get(name, np.inf) for name in names], "float64")
