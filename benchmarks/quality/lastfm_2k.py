"""Last.fm-2K: artists by their names, tags, pretrained text and audio vectors; the protocol of MMRec."""

from __future__ import annotations

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.lastfm_2k import convert

TABLE = Table(
    name="lastfm-2k",
    dataset="Last.fm-2K, given split; MiniLM, VGGish and Whisper vectors",
    prepare=convert,
    columns={"recall@20": "recall@20", "ndcg@20": "NDCG@20", "recall@10": "recall@10", "ndcg@10": "NDCG@10"},
    rows=(
        Row("multi-modal", lambda schema: schema),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        Row("text only", lambda schema: schema.only(item=["name", "tags", "text_minilm"])),
        Row("audio only", lambda schema: schema.only(item=["audio_vggish", "audio_whisper"])),
        *BASELINES,
    ),
    training={"monitor": "recall@20"},
    evaluation={"history": "train"},
)
