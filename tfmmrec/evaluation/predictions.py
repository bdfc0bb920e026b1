"""What the heads expect of events, and of items that nobody is asked about."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.dataset import TRAIN, Data, Split
from tfmmrec.evaluation.queries import Queries, Ragged
from tfmmrec.evaluation.states import user_states
from tfmmrec.models import Recommender

EVENTS = 256
"""Events at once through the heads, which hold a few vectors of each."""


def head_outputs(
    model: Recommender,
    states: np.ndarray,
    vectors: np.ndarray,
    query: np.ndarray,
    item: np.ndarray,
    batch: int | None = None,
) -> dict[str, np.ndarray]:
    """The output of each head, float32 ``[P, …]`` by task name.

    Args:
        model: with heads.
        states: ``[Q, D]``, of queries.
        vectors: ``[N, D]``, of the catalogue.
        query, item: int ``[P]``: what is asked, at least one.
        batch: events at once.
    """
    assert model.ranker is not None  # whoever asks has looked
    batch = batch or EVENTS
    outputs: dict[str, list[np.ndarray]] = {}
    for start in range(0, len(item), batch):
        place = np.minimum(np.arange(start, start + batch), len(item) - 1)  # one shape
        given = {"states": states[query[place]][:, None], "candidates": vectors[item[place]][:, None]}
        given = {name: given[name] for name in model.ranker.input}
        kept = min(batch, len(item) - start)
        for name, output in model.forward(model.ranker, given).items():
            outputs.setdefault(name, []).append(np.asarray(output, "float32")[:kept, 0])
    return {name: np.concatenate(some) for name, some in outputs.items()}


def predict_events(
    model: Recommender, data: Data, rows: np.ndarray, vectors: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """What each head expects of training events, each by what the user did before it.

    Args:
        model: the model.
        data: with the events.
        rows: int ``[R]``, events of the training split.
        vectors: ``[N, D]`` of the catalogue; encoded now by default.

    Returns:
        by task name what `Task.predict` makes of its head's output: ``[R]``, or ``[R, C]`` of classes.
    """
    rows = np.asarray(rows, "int64")
    if model.ranker is None or not len(rows):
        return {}
    if vectors is None:
        vectors = model.encode_items(data.items)["vector"]
    split = Split(data, TRAIN)
    alone = data.schema.user_id is None
    known = [np.zeros(0, "int64")] * len(rows) if alone else [split.history_rows(int(row)) for row in rows]
    users = data.events.user[rows].astype("int64")
    queries = Queries(data, users, Ragged.of(known), Ragged.of(rows[:, None]))
    states = user_states(model, queries, vectors)
    outputs = head_outputs(model, states, vectors, np.arange(len(rows)), data.events.item[rows])
    return predicted(model, outputs)


def predict_items(model: Recommender, vectors: np.ndarray) -> dict[str, np.ndarray]:
    """What each head expects of items ``[N, D]`` where there are no users; see `predict_events`."""
    if model.ranker is None or not len(vectors):
        return {}
    nobody = np.zeros((1, model.width), "float32")
    place = np.arange(len(vectors))
    return predicted(model, head_outputs(model, nobody, vectors, np.zeros_like(place), place))


def predicted(model: Recommender, outputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What `Task.predict` makes of the output of each head, by task."""
    return {
        task.name: np.asarray(task.predict(outputs[task.name], model.vocabulary.tasks[task.name]))
        for task in model.schema.tasks
        if not task.retrieval
    }
