"""What tasks are to learn from each event: labels and weights."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.event_log import EventLog
from tfmmrec.data.features import rejector
from tfmmrec.data.readers import Table
from tfmmrec.data.vocabulary import State
from tfmmrec.losses import inverse_propensity
from tfmmrec.modalities.number import read_floats
from tfmmrec.schema import Schema
from tfmmrec.tasks import Task


def prepare_labels(
    log: EventLog, table: Table, schema: Schema, trained: np.ndarray, letters: DeadLetters
) -> tuple[dict[str, State], dict[str, np.ndarray], dict[str, np.ndarray]]:
    """The columns of tasks, for the events of a log.

    Args:
        log: the events that are used.
        table: their columns.
        schema: the tasks.
        trained: bool ``[E]``: whose labels states are learnt from.
        letters: gets the cells that are no labels.

    Returns:
        By task name: states, float32 labels ``[E]`` (NaN is missing; a task that ranks the catalogue has
        none), and float32 weights ``[E]``, class weight × example weight × inverse propensity. Where the
        label is missing there is no class, and the weight is what a label would count but for that.
    """
    example = _event_weights(log, table, schema, letters)
    states: dict[str, State] = {}
    labels, weights = {}, {}
    for task in schema.tasks:
        weights[task.name] = example * _observed(task, log, table, trained, letters)
        if task.retrieval:
            states[task.name] = {}
            continue
        column: str = task.column  # type: ignore[attr-defined]  # every task but those that rank has one
        cells = table.cells(column, log.rows)
        reject = rejector(letters, table, column, log.rows, cells)
        raw = cells.read(task.labels, reject)
        state = task.fit([raw[place] for place in cells.places[trained].tolist()])
        label = np.asarray(task.encode(raw, state), "float32")[cells.places]
        present = ~np.isnan(label)
        for row in np.flatnonzero(~present).tolist():
            if raw[cells.places[row]] is not None:
                reject(row, "the training events have no such label")
        states[task.name], labels[task.name] = state, label
    for name, other in schema.given.items():  # no click, so no purchase, whether or not it was written down
        labels[name][np.isnan(labels[name]) & (labels[other] == 0)] = 0.0
    for task in schema.tasks:
        if not task.retrieval:
            label, present = labels[task.name], ~np.isnan(labels[task.name])
            weights[task.name][present] *= task.class_weight(label[present], states[task.name])
    return states, labels, weights


def _observed(
    task: Task, log: EventLog, table: Table, trained: np.ndarray, letters: DeadLetters
) -> np.ndarray:
    """What each event stands for, by its chance to be observed."""
    if task.propensity is None:
        return np.ones(len(log.rows), "float32")
    if not isinstance(task.propensity, str):
        counts = np.bincount(log.item[trained], minlength=len(log.item_ids))
        popular = np.maximum(counts, 1) / max(1, counts.max())
        return inverse_propensity(popular[log.item] ** task.propensity, task.clip)
    cells = table.cells(task.propensity, log.rows)
    reject = rejector(letters, table, task.propensity, log.rows, cells)
    chance = np.asarray(cells.read(read_floats, reject), "float64")[cells.places]
    wrong = (chance <= 0) | (chance > 1)
    for row in np.flatnonzero(wrong).tolist():
        reject(row, f"expected a chance above 0 and at most 1, got {cells[row]!r}")
    return inverse_propensity(np.where(np.isnan(chance) | wrong, 1.0, chance), task.clip)


def _event_weights(log: EventLog, table: Table, schema: Schema, letters: DeadLetters) -> np.ndarray:
    if not schema.event_weight:
        return np.ones(len(log.rows), "float32")
    cells = table.cells(schema.event_weight, log.rows)
    reject = rejector(letters, table, schema.event_weight, log.rows, cells)
    weights = np.asarray(cells.read(read_floats, reject), "float32")[cells.places]
    for row in np.flatnonzero(weights < 0).tolist():
        reject(row, f"expected a weight of 0 or more, got {cells[row]!r}")
    return np.where(weights >= 0, weights, 1.0).astype("float32")
