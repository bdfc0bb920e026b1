"""TikTok: short videos by their image and audio vectors. The text of the published tables is missing here."""

from __future__ import annotations

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.lastfm_2k import with_summed_history
from benchmarks.quality.peers.rows import WITHOUT_ORDER, vbpr
from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.tiktok import convert

TABLE = Table(
    name="tiktok",
    dataset="TikTok, given split; image and audio vectors, without the text of published tables",
    about="The best regularisation of ALS is at the edge of its grid, on this data and on Last.fm-2K.",
    prepare=convert,
    split_sha256="70e09513e8c748f760b2e2a2d9d5ed3bc9a693edcbc3104bdf8e40fb03b55530",
    columns={"recall@20": "recall@20", "ndcg@20": "NDCG@20", "recall@10": "recall@10"},
    rows=(
        Row("multi-modal", lambda schema: schema),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        Row("image only", lambda schema: schema.only(item=["image_feat"])),
        Row("audio only", lambda schema: schema.only(item=["audio_feat"])),
        *BASELINES,
        *WITHOUT_ORDER,
        vbpr("image_feat", "audio_feat"),
    ),
    schema=with_summed_history,
    model={"temperature": 0.15, "fusion": "sum"},
    training={"monitor": "recall@20", "epochs": 150, "patience": 20},
    grid={"learning_rate": (1e-3, 3e-3)},
    evaluation={"history": "train"},
)
