"""MovieLens-100K with its posters, plots and user data: next item, rating and like together."""

from __future__ import annotations

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.rows import Row, Table
from tfmmrec.recipes.movielens import convert_100k

TABLE = Table(
    name="ml-100k",
    dataset="MovieLens-100K, leave-last-out; ties in time keep file order",
    prepare=convert_100k,
    rows=(
        Row("multi-task multi-modal", lambda schema: schema),
        Row("next item alone", lambda schema: schema.only(tasks=["next_item"])),
        Row("rating alone", lambda schema: schema.only(tasks=["rating"])),
        Row("like alone", lambda schema: schema.only(tasks=["like"])),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        Row("title only", lambda schema: schema.only(item=["title"])),
        Row("plot only", lambda schema: schema.only(item=["plot"])),
        Row("poster only", lambda schema: schema.only(item=["poster"])),
        Row("genres only", lambda schema: schema.only(item=["genres"])),
        *BASELINES,
    ),
    model={"width": 64},
    training={"epochs": 20, "patience": 5, "learning_rate": 3e-3, "encode_items": 128},
)
