"""MovieLens-1M, next item: the canonical file, leave-last-out, the whole catalogue ranked."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.table import Reading, Row, Table
from tfmmrec.modalities import History
from tfmmrec.recipes.movielens import convert_1m
from tfmmrec.schema import Schema

IDS, TEXT_AND_POSTERS = "id only", "text and posters"
# a step encodes few films, and there are fewer passes: a row has 150 minutes
CONTENT = {"epochs": 20, "encode_items": 16, "refresh_every": 800}
GATED = {"fusion": "gated"}
TEXT = ["title", "plot", "genres", "year"]


def with_history(schema: Schema) -> Schema:
    """The table's reading of histories; of users it reads nothing else, as what it is compared with."""
    return replace(schema.only(user=[]), history=History(length=200, layers=3, heads=4, dropout=0.25))


def ids(schema: Schema) -> Schema:
    """Items by their ids alone."""
    return schema.only(item=["item_id"])


TABLE = Table(
    name="ml-1m",
    dataset="MovieLens-1M, the canonical file in its order, leave-last-out",
    about=(
        "A user's last film is the test, the one before it validation, and all 3,416 films are ranked. "
        "Masked, as usual: films the user has seen cannot be recommended again; 'not masked' lets them "
        "compete. 'Trained on validation too': the row's settings and its number of epochs were chosen on "
        "validation before."
    ),
    prepare=convert_1m,
    split_sha256="775e1385c76b7908e091f84cb5013ee565e5905719c66a3f0172b6aeb4d4f44d",
    schema=with_history,
    columns={"hit_rate@10": "HR@10", "ndcg@10": "NDCG@10"},
    rows=(
        Row(TEXT_AND_POSTERS, lambda schema: schema, model=GATED, training=CONTENT),
        Row(
            f"{TEXT_AND_POSTERS}, trained on validation too",
            lambda schema: schema,
            model=GATED,
            training=CONTENT,
            refit=TEXT_AND_POSTERS,
        ),
        Row("text only", lambda schema: schema.only(item=TEXT), model=GATED, training=CONTENT),
        Row("posters only", lambda schema: schema.only(item=["poster"]), training=CONTENT),
        Row(IDS, ids),
        Row(f"{IDS}, trained on validation too", ids, refit=IDS),
        *BASELINES,
    ),
    model={"width": 128},
    training={
        "epochs": 28,
        "patience": 8,
        "learning_rate": 1e-3,
        "ema": 0.9995,
        "batch_events": 800,
        "jit_compile": True,
    },
    readings=(Reading(), Reading("history not masked", evaluation={"mask_history": False})),
)
