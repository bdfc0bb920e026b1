"""NeuMF's test (He et al., 2017): a user's last film among 99 that its authors drew; sampled, as theirs."""

from __future__ import annotations

import gzip
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.films import all_films
from benchmarks.quality.rewritten import Rows, rewritten
from benchmarks.quality.table import Reading, Row, Table
from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import queries_of
from tfmmrec.modalities import History
from tfmmrec.recipes.movielens import convert_1m
from tfmmrec.schema import Schema

# a step encodes some of its films: a row has 150 minutes
CONTENT = {"encode_items": 128, "refresh_every": 160}


def pairs(source: Path) -> tuple[list[tuple[str, str]], list[str], list[str]]:
    """All (user, film) in the order of the original file; the ids behind the authors' numbers of both."""
    table = pq.read_table(source / "movielens" / "ml-1m" / "ratings.parquet").to_pydict()
    users, films = table["userID"], table["movieID"]
    return list(zip(users, films, strict=True)), list(dict.fromkeys(users)), list(dict.fromkeys(films))


def given(source: Path) -> tuple[dict[str, str], dict[str, list[str]]]:
    """User id → the film of the test, and the 99 that compete."""
    _, users, films = pairs(source)
    test, negatives = {}, {}
    with gzip.open(source / "movielens" / "ncf-ml-1m" / "ml-1m.test.negative.gz", "rt") as file:
        for line in file:
            pair, *others = line.split()
            user, film = (int(number) for number in pair.strip("()").split(","))
            test[users[user]] = films[film]
            negatives[users[user]] = [films[int(number)] for number in others]
    return test, negatives


def with_their_test(rows: Rows, source: Path) -> Rows:
    """A user's events in SASRec's order, the film of the test last and the one before it for validation.

    SASRec's file leaves out films that are rarely rated: their place in the order is not known, and they
    stand first.
    """
    everything, _, _ = pairs(source)
    test, _ = given(source)
    ordered: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        ordered[row["user_id"]].append(row["item_id"])
    placed = {(user, film) for user, films in ordered.items() for film in films}
    first: dict[str, list[str]] = defaultdict(list)
    for user, film in everything:
        if (user, film) not in placed:
            first[user].append(film)
    found = []
    for user in test:
        *earlier, last = [film for film in first[user] + ordered[user] if film != test[user]]
        for films, split in ((earlier, "train"), ([last], "valid"), ([test[user]], "test")):
            found += [{"user_id": user, "item_id": film, "split": split} for film in films]
    return found


def candidates(data: Data, source: Path) -> np.ndarray:
    """Of each query its film and the 99."""
    test, negatives = given(source)
    row = {item: number for number, item in enumerate(data.item_ids)}
    users = [data.user_ids[user] for user in queries_of(data.test).users]
    return np.asarray([[row.get(film, -1) for film in (test[user], *negatives[user])] for user in users])


def schema(converted: Schema) -> Schema:
    """Ids and content in their order."""
    return replace(converted, history=History(length=200, layers=2, heads=4, dropout=0.2))


TABLE = Table(
    name="neumf",
    dataset="MovieLens-1M in NeuMF's protocol: the last film among 99 given ones",
    about=(
        "The one table in which 100 films compete and not the catalogue, since its authors' do. Text and "
        "posters have three times the parameters of ids alone: their difference is not content's alone."
    ),
    prepare=rewritten(convert_1m, items=all_films, events=with_their_test),
    schema=schema,
    split_sha256="ab6d85bf0b76915202a5caa34f21e26502d07d1f925b854b69a383ab9ff1d682",
    load={"split": "column:split"},
    columns={"hit_rate@10": "HR@10", "ndcg@10": "NDCG@10"},
    rows=(
        Row("text and posters", lambda schema: schema, model={"fusion": "gated"}, training=CONTENT),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        *BASELINES,
    ),
    model={"width": 64},
    training={"epochs": 20, "patience": 4, "batch_events": 6400, "jit_compile": True},
    readings=(Reading(candidates=candidates),),
)
