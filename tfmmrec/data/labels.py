"""What tasks are to learn from each event: labels and weights."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.event_log import EventLog
from tfmmrec.data.features import rejector
from tfmmrec.data.readers import Table
from tfmmrec.data.vocabulary import State
from tfmmrec.modalities.number import read_floats
from tfmmrec.schema import Schema


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
        none), and float32 weights ``[E]``, class weight × example weight, 0 where the label is missing.
    """
    example = _event_weights(log, table, schema, letters)
    states: dict[str, State] = {}
    labels, weights = {}, {}
    for task in schema.tasks:
        if task.retrieval:
            states[task.name], weights[task.name] = {}, example
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
        weight = np.zeros(len(label), "float32")
        weight[present] = task.class_weight(label[present], state) * example[present]
        states[task.name], labels[task.name], weights[task.name] = state, label, weight
    return states, labels, weights


def _event_weights(log: EventLog, table: Table, schema: Schema, letters: DeadLetters) -> np.ndarray:
    if not schema.event_weight:
        return np.ones(len(log.rows), "float32")
    cells = table.cells(schema.event_weight, log.rows)
    reject = rejector(letters, table, schema.event_weight, log.rows, cells)
    weights = np.asarray(cells.read(read_floats, reject), "float32")[cells.places]
    for row in np.flatnonzero(weights < 0).tolist():
        reject(row, f"expected a weight of 0 or more, got {cells[row]!r}")
    return np.where(weights >= 0, weights, 1.0).astype("float32")
