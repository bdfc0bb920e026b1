"""MovieLens-100K with its posters, plots and user data: next item, rating and like together."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from benchmarks.quality.baselines import BASELINES, bias
from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.movielens import convert_100k
from tfmmrec.schema import Schema

SINGLE_MODALITIES = {f"{name} only": [name] for name in ("title", "plot", "poster", "genres")}


def weighted(schema: Schema) -> Schema:
    """Ratings and likes weigh less than the next film, which they would take from otherwise."""
    tasks = tuple(one if one.retrieval else replace(one, weight=0.3) for one in schema.tasks)
    return replace(schema, tasks=tasks)


PLAIN = Table(
    name="ml-100k",
    dataset="MovieLens-100K, leave-last-out; ties in time keep file order",
    about="RMSE is of the rating's head, AUC of the one that tells whether a film is rated 4 or more.",
    prepare=convert_100k,
    columns={"ndcg@10": "NDCG@10", "hit_rate@10": "HR@10", "rating.rmse": "RMSE ↓", "like.auc": "AUC"},
    rows=(
        Row("multi-task multi-modal", lambda schema: schema),
        Row("next item alone", lambda schema: schema.only(tasks=["next_item"])),
        Row("rating alone", lambda schema: schema.only(tasks=["rating"])),
        Row("like alone", lambda schema: schema.only(tasks=["like"])),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        *(Row(name, partial(Schema.only, item=item)) for name, item in SINGLE_MODALITIES.items()),
        *BASELINES,
        bias("rating.rmse"),
    ),
    split_sha256="58a99fdbac49acdcbb25073ae45453f081c2cd792d864d6a3aafd7792d9d289f",
    model={"width": 64},
    training={"epochs": 20, "patience": 5, "encode_items": 128},
    grid={"learning_rate": (1e-3, 3e-3)},
    same_size=True,
)
"""All tasks weigh alike: for tables that are made of it."""
TABLE = replace(PLAIN, schema=weighted, model={**PLAIN.model, "fusion": "gated"})
