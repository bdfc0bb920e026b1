"""The demo: a small catalogue, from raw tables and media to a served model that is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data import Data
from tfmmrec.data.dataset import COLD
from tfmmrec.export import KnownUsers, export
from tfmmrec.recipes.demo_catalogue import generate
from tfmmrec.recipes.hearing import Report, Silence
from tfmmrec.recipes.training_run import Settings, TrainingRun, training_run
from tfmmrec.report import Shelf
from tfmmrec.schema import Schema
from tfmmrec.serving import Served

ITEMS, USERS = 640, 600  # a dozen events of an item: enough to learn from, too few to do without content

FILTERS = ("genres", "year")
"""What requests to the export can filter by."""
SETTINGS = Settings(
    cold_items=0.1,  # a tenth of the items is held out of training: what a new item is
    width=32,
    epochs=26,
    batch_events=256,
    encode_items=96,
    negatives="in_batch",  # so few items all occur in a few steps: drawing others would only add chance
    learning_rate=0.012,
    patience=6,
)
"""Chosen so that two cores take two to three minutes, most of it training."""


@dataclass(frozen=True)
class Question:
    """A question to the export, and its answer.

    Attributes:
        who: who is asked about, in words.
        history: ids of the items met, the latest last.
        answer: of `Served.recommend`.
    """

    who: str
    history: Sequence[str]
    answer: dict[str, Any]


@dataclass(frozen=True)
class Demo:
    """What the demo left.

    Attributes:
        trained: the run, with its judgements.
        export: the SavedModel's folder.
        shelf: titles and pictures.
        questions: what the export was asked.
    """

    trained: TrainingRun
    export: Path
    shelf: Shelf
    questions: list[Question]


def demo(
    folder: str | Path = "demo",
    run_folder: str | Path = "runs/demo",
    export_folder: str | Path = "savedmodels/demo/1",
    items: int = ITEMS,
    users: int = USERS,
    settings: Settings = SETTINGS,
    report: Report | None = None,
) -> Demo:
    """Generates the demo catalogue, trains on it, exports, and asks the export; what is there is replaced.

    Args:
        folder: of the catalogue.
        run_folder: of the run.
        export_folder: of the SavedModel, a version.
        items, users: size of the catalogue.
        settings: of the training.
        report: is told how things go.

    Raises:
        ValueError: a folder holds something else than an earlier demo.
    """
    report = report or Silence()
    report.line(f"Generating {items} items with posters, clips and words, and {users:,} users, in {folder}.")
    generate(folder, items=items, users=users)
    schema = Schema.from_toml(Path(folder) / "schema.toml")
    trained = training_run(folder, schema, run_folder, settings, replace=True, report=report)
    report.line(f"Exporting to {export_folder}.")
    known = KnownUsers.of(trained.data)
    path = export(
        trained.model, trained.data.catalogue, export_folder, users=known, filters=FILTERS, overwrite=True
    )
    report.line("Asking the export.")
    return Demo(trained, path, Shelf.of(folder, schema), _ask(Served(path), trained.data))


def _ask(served: Served, data: Data, users: int = 2, k: int = 5) -> list[Question]:
    """Recommendations for some known users, and for somebody who brings a history and is not known."""

    def met(user: int) -> list[str]:
        rows = np.arange(data.events.start[user], data.events.start[user + 1])
        known = rows[data.events.split[rows] != COLD]  # the others are not among what the export knows
        return [data.item_ids[row] for row in data.events.item[known]]

    questions = []
    for user in range(0, len(data.user_ids), -(-len(data.user_ids) // users)):
        name = data.user_ids[user]
        answer = served.recommend(user_id=name, k=k)
        questions.append(Question(f"user {name}, whom the export knows", met(user)[-5:], answer))
    brought = met(len(data.user_ids) // 2)[:4]
    answer = served.recommend(history=brought, k=k)
    questions.append(Question("somebody never seen, by a raw history", brought, answer))
    return questions
