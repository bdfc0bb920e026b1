"""From MovieLens-1M to MovieLens-100K: what a catalogue with few events has of one with many.

Films are matched by nothing but what they are: words of titles, genres, year. The ids of one catalogue mean
nothing in the other. Everything is small, so that a row takes minutes.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from benchmarks.quality import ml_1m, ml_100k
from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.beginning import Beginning
from benchmarks.quality.rewritten import Rows, rewritten
from benchmarks.quality.table import Row, Table
from tfmmrec.modalities import History
from tfmmrec.recipes.movielens import convert_100k
from tfmmrec.schema import Schema

FILMS = ["item_id", "title", "genres", "year"]  # plots and posters take longer to encode than to rank by
FROM_ML_1M = Beginning(table="transfer-source", row="ml-1m")


def with_few_features(schema: Schema) -> Schema:
    """Both catalogues' alike: films, their order in a user's history, and the next one."""
    short = History(length=50, layers=1, heads=2, dropout=0.2)
    return replace(schema.only(item=FILMS, user=[], event=[], tasks=["next_item"]), history=short)


def with_a_tenth(rows: Rows, _: Path) -> Rows:
    """A column of splits: every user's last film tests and the one before validates; a tenth of users trains.

    They are drawn by the hash of their ids. What others saw is the history they are asked about with.
    """
    of_user: dict[str, list[int]] = defaultdict(list)
    for place in sorted(range(len(rows)), key=lambda place: int(rows[place]["timestamp"])):
        of_user[rows[place]["user_id"]].append(place)
    found = [""] * len(rows)
    for user, places in of_user.items():
        known = "train" if hashlib.sha256(user.encode()).digest()[0] < 26 else "context"
        for place in places:
            found[place] = known
        if len(places) >= 3:
            found[places[-2]], found[places[-1]] = "valid", "test"
    return [{**row, "tenth": split} for row, split in zip(rows, found, strict=True)]


SOURCE = replace(
    ml_1m.TABLE,
    name=FROM_ML_1M.table,
    dataset="MovieLens-1M, what transfer begins with: a small model, three passes",
    about="By ids, titles, genres and years, ids hidden from half of the films.",
    schema=with_few_features,
    # ids are hidden from half of the films: content has to do what it will have to do elsewhere
    rows=(Row(FROM_ML_1M.row, lambda schema: schema, model={"modality_dropout": {"item_id": 0.5}}),),
    model={"width": 32},
    training={"epochs": 3, "learning_rate": 3e-3, "batch_events": 3200, "encode_items": 64},
    readings=ml_1m.TABLE.readings[:1],
)
ALL = replace(
    ml_100k.PLAIN,
    name="transfer-all",
    dataset="MovieLens-100K, leave-last-out, after MovieLens-1M",
    about=(
        "'From ML-1M' begins with the weights of the row above, 'nothing learnt here' ends with "
        "them, 'from its own content' begins with a contrastive pretraining on these films, 'from "
        "nothing' with chance."
    ),
    schema=with_few_features,
    columns={"ndcg@10": "NDCG@10", "hit_rate@10": "HR@10"},
    rows=(
        Row("from ML-1M", lambda schema: schema, beginning=FROM_ML_1M),
        Row(
            "from ML-1M, nothing learnt here",
            lambda schema: schema,
            beginning=FROM_ML_1M,
            training={"epochs": 1},
            grid={"learning_rate": (0.0,)},
        ),
        Row("from nothing", lambda schema: schema),
        Row("from its own content", lambda schema: schema, beginning=Beginning(pretrain="contrastive")),
        *BASELINES,
    ),
    model={"width": 32},
    training={"epochs": 12, "patience": 4, "batch_events": 1024, "encode_items": 64},
    same_size=False,
)
TENTH = replace(
    ALL,
    name="transfer-tenth",
    dataset="The same, where nothing is learnt from nine users in ten but when to stop",
    prepare=rewritten(convert_100k, events=with_a_tenth),
    load={"split": "column:tenth"},
    split_sha256="71a71d8ef1a52f84ad03120031a63eaf215a7918641b64512a48c008ae725676",
    training={**ALL.training, "epochs": 40, "patience": 8},
)
TABLES: tuple[Table, ...] = (SOURCE, ALL, TENTH)
