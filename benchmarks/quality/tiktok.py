"""TikTok: short videos by their image and audio vectors. The text of the published tables is missing here."""

from __future__ import annotations

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.tiktok import convert

TABLE = Table(
    name="tiktok",
    dataset="TikTok, given split; image and audio vectors, without the text of published tables",
    prepare=convert,
    columns={"recall@20": "recall@20", "ndcg@20": "NDCG@20", "recall@10": "recall@10"},
    rows=(
        Row("multi-modal", lambda schema: schema),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        Row("image only", lambda schema: schema.only(item=["image_feat"])),
        Row("audio only", lambda schema: schema.only(item=["audio_feat"])),
        *BASELINES,
    ),
    training={"monitor": "recall@20"},
    evaluation={"history": "train"},
)
