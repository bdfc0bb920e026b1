"""MovieLens-100K's own split u1: how far are predicted ratings off?"""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from pathlib import Path

from benchmarks.quality.baselines import bias
from benchmarks.quality.rewritten import Rows, rewritten
from benchmarks.quality.table import Row, Table
from tfmmrec.modalities import History
from tfmmrec.recipes.movielens import convert_100k
from tfmmrec.schema import Schema
from tfmmrec.tasks import Match, NextItem

ALL = "multi-task multi-modal"


def with_u1(rows: Rows, source: Path) -> Rows:
    """A column of splits: u1.test tests; of u1.base a tenth, by the hash of its ids, validates."""
    with (source / "movielens" / "ml-100k" / "u1.test").open(newline="") as file:
        test = {(row[0], row[1]) for row in csv.reader(file, delimiter="\t")}
    return [{**row, "u1": _split(row["user_id"], row["item_id"], test)} for row in rows]


def _split(user: str, item: str, test: set[tuple[str, str]]) -> str:
    if (user, item) in test:
        return "test"
    return "valid" if hashlib.sha256(f"{user} {item}".encode()).digest()[0] < 26 else "train"


def as_sets(schema: Schema) -> Schema:
    """Without times: a rating is predicted from all of the user's others in training, later ones too.

    What else the user may like teaches something of films; with its own weight it would drown the ratings.
    """
    tasks = tuple(Match(weight=0.1) if isinstance(task, NextItem) else task for task in schema.tasks)
    history = History(length=200, layers=0, dropout=0.3)
    return replace(schema, timestamp=None, tasks=tasks, user_identity=True, history=history)


TABLE = Table(
    name="ml-100k-u1",
    dataset="MovieLens-100K, u1",
    about=(
        "RMSE and MAE are of the rating's head, AUC of the one that tells whether a film is rated 4 or "
        "more; all tasks train on, and read their histories from, the split's training file alone."
    ),
    prepare=rewritten(convert_100k, events=with_u1),
    split_sha256="0889e0340a0cc8e68c9eff294588ad41ca6c790eceeeae63c7ee84b9406c503e",
    load={"split": "column:u1"},
    columns={"rating.rmse": "RMSE ↓", "rating.mae": "MAE ↓", "like.auc": "AUC"},
    rows=(
        Row(ALL, lambda schema: schema),
        Row(f"{ALL}, trained on validation too", lambda schema: schema, refit=ALL),
        Row("rating alone", lambda schema: schema.only(tasks=["rating"])),
        Row("like alone", lambda schema: schema.only(tasks=["like"]), training={"monitor": "like.auc"}),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        bias("rating.rmse"),
    ),
    schema=as_sets,
    model={"width": 64},
    training={
        "epochs": 30,
        "patience": 8,
        "learning_rate": 3e-3,
        "weight_decay": 0.3,
        "ema": 0.99,
        "encode_items": 128,
        "monitor": "rating.rmse",
        "batch_events": 512,
    },
    same_size=True,
)
