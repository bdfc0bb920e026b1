"""Will this user like this film? CoLLM's split (Zhang et al., 2023) of the last 20 months of MovieLens-1M."""

from __future__ import annotations

import csv
import gzip
from dataclasses import replace
from pathlib import Path

from benchmarks.quality.baselines import bias
from benchmarks.quality.films import all_films
from benchmarks.quality.rewritten import Rows, rewritten
from benchmarks.quality.table import Row, Table
from tfmmrec.modalities import Category, History
from tfmmrec.recipes.movielens import convert_1m
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary

_SPLITS = ("train", "valid", "test")


def labelled(rows: Rows, source: Path) -> Rows:
    """CoLLM's events; its column of histories, and those that tell of the label, are left out."""
    found = []
    for split in _SPLITS:
        with gzip.open(source / "movielens" / "collm-ml-1m" / f"{split}.csv.gz", "rt") as file:
            for row in csv.DictReader(file):
                found.append(
                    {
                        "user_id": row["uid"],
                        "item_id": row["movie_id"],
                        "like": row["label"],
                        "timestamp": row["timestamp"],
                        "split": split,
                    }
                )
    return found


def schema(converted: Schema) -> Schema:
    """Likes by time; CoLLM's users have other numbers than MovieLens', so nothing is known of them.

    A history is a sum of what was liked and what was not: attention learns the training data by heart.
    """
    return replace(
        converted,
        order=None,
        timestamp="timestamp",
        user=(),
        event=(Category("like"),),
        history=History(length=200, layers=0, dropout=0.3),
        tasks=(Binary("like"),),
    )


TABLE = Table(
    name="collm",
    dataset="MovieLens-1M in CoLLM's split by time: likes",
    about="AUC and log loss of whether a film is liked.",
    prepare=rewritten(convert_1m, items=all_films, events=labelled),
    schema=schema,
    load={"split": "column:split"},
    split_sha256="c060b92c36675b24470c2c4b4ad94a310bf71f2a47221114fe1a550658259305",
    columns={"like.auc": "AUC", "like.log_loss": "log loss ↓"},
    rows=(
        Row("multi-modal", lambda schema: schema),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        Row("text only", lambda schema: schema.only(item=["title", "plot", "genres", "year"])),
        Row("poster only", lambda schema: schema.only(item=["poster"])),
        bias("like.auc"),
    ),
    model={"width": 64},
    training={
        "epochs": 20,
        "patience": 4,
        "encode_items": 128,
        "batch_events": 512,
        "weight_decay": 1.0,
    },
    grid={"learning_rate": (1e-3, 3e-3)},
    same_size=True,
)
