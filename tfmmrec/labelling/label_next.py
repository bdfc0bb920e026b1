"""The items whose labels would teach a model most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfmmrec import acquisition
from tfmmrec.acquisition import Acquisition, Pool
from tfmmrec.data import Data
from tfmmrec.data.dataset import TRAIN
from tfmmrec.evaluation import predict_events, predict_items
from tfmmrec.labelling.classes import class_names, class_probabilities, tasks_of_classes
from tfmmrec.members import make
from tfmmrec.models import Recommender
from tfmmrec.tasks import Task


@dataclass(frozen=True)
class NextLabels:
    """Items to label, best first.

    Attributes:
        task: whose label.
        ids: of the items.
        rows: int ``[k]``, of the catalogue.
        score: float ``[k]``: why; greater is better, but where diversity counts only the order does.
        expected: what the model would say now, the likeliest class of each.
        probability: float ``[k]``, of that class.
        pool: how many items lack the label.
    """

    task: str
    ids: Sequence[str]
    rows: np.ndarray
    score: np.ndarray
    expected: Sequence[str]
    probability: np.ndarray
    pool: int


def label_next(
    model: Recommender,
    data: Data,
    k: int = 50,
    by: Any = "badge",
    task: str | None = None,
    seed: int = 0,
) -> NextLabels:
    """Ranks the items that lack a label by what theirs would teach.

    With users an item lacks one where it has training events and none of them has it; what the model expects
    of it is the mean over these of what it expects of each user. Without users an item lacks one where none
    of its events has it, held out or not.

    Args:
        model: trained on the labels there are.
        data: with the items.
        k: how many; fewer where fewer lack a label.
        by: ``"entropy"``, ``"margin"``, ``"least_confident"``, ``"k_centre"``, ``"badge"``, an `Acquisition`
            class, or a dict of ``name`` and settings.
        task: of classes, yes and no among them; by default the schema's first.
        seed: of what is drawn.

    Raises:
        ValueError: there is no such task, it has no classes, nothing lacks its label, k is below 1, or the
            model was built for data that were prepared otherwise.
    """
    if k < 1:
        raise ValueError(f"k is how many items to label, 1 or more; got {k}.")
    model.vocabulary.check_rows(data.vocabulary)
    strategy = make(acquisition, Acquisition, by)
    chosen = tasks_of_classes(model, None if task is None else [task])[0]
    rows, probabilities, labelled, vectors = _pool(model, data, chosen)
    if not len(rows):
        raise ValueError(
            f"Every item has a label of task {chosen.name!r} already. Leave the cells of those empty that "
            "have none, and keep them in the table."
        )
    pool = Pool(probabilities, vectors[rows], vectors[labelled])
    order, score = strategy.order(pool, min(k, len(rows)), np.random.default_rng(seed))
    likeliest = probabilities[order].argmax(axis=1)
    names = class_names(chosen, model.vocabulary.tasks[chosen.name])
    return NextLabels(
        chosen.name,
        [data.item_ids[row] for row in rows[order]],
        rows[order],
        score,
        [names[place] for place in likeliest],
        probabilities[order, likeliest],
        len(rows),
    )


def _pool(
    model: Recommender, data: Data, task: Task
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the items without a label ``[N]``, what is expected of each, those with one, all vectors."""
    events, items = data.events, data.vocabulary.items
    vectors = model.encode_items(data.items)["vector"]
    known = ~np.isnan(events.labels[task.name])
    train = events.split == TRAIN
    labelled = np.unique(events.item[train & known])
    if data.schema.user_id is None:  # what an item is depends on no event of it
        rows = np.setdiff1d(np.arange(items), events.item[known])
        found = predict_items(model, vectors[rows])
        told = class_probabilities(task, found[task.name]) if len(rows) else np.zeros((0, 0))
        return rows, told, labelled, vectors
    asked = np.flatnonzero(train & ~known & ~np.isin(events.item, labelled))
    rows = np.unique(events.item[asked])
    probabilities = np.zeros((items, len(class_names(task, model.vocabulary.tasks[task.name]))))
    if len(asked):
        found = predict_events(model, data, asked, vectors)
        np.add.at(probabilities, events.item[asked], class_probabilities(task, found[task.name]))
    counts = np.bincount(events.item[asked], minlength=items)[rows]
    return rows, probabilities[rows] / counts[:, None], labelled, vectors
