"""Last.fm-2K: artists by their names, tags, pretrained text and audio vectors; the protocol of MMRec."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.peers.rows import WITHOUT_ORDER, vbpr
from benchmarks.quality.table import Row, Table
from tfmmrec.modalities import History
from tfmmrec.recipes.lastfm_2k import convert
from tfmmrec.schema import Schema


def with_summed_history(schema: Schema) -> Schema:
    """A user is the sum of his or her items and nothing else: neither an id nor how often they were heard.

    Features of items are never hidden in training: every item of the test has them.
    """
    history = History(length=64, layers=0, dropout=0.0)
    item = tuple(replace(feature, dropout=0.0) for feature in schema.item)
    return replace(schema, item=item, history=history, user_identity=False, event=())


TABLE = Table(
    name="lastfm-2k",
    dataset="Last.fm-2K, given split; MiniLM, VGGish and Whisper vectors",
    about=(
        "'Nearest by tags' (by events): an artist's vector is moved towards those of the ten artists with "
        "the most alike tags (listeners). 'Text' is name, tags and MiniLM vector, 'audio' the two sound "
        "vectors. BPR of implicit is weaker here than others have measured BPR on this split (.398 "
        "recall@20)."
    ),
    prepare=convert,
    columns={"recall@20": "recall@20", "ndcg@20": "NDCG@20", "recall@10": "recall@10", "ndcg@10": "NDCG@10"},
    rows=(
        Row(
            "ids, nearest by tags",
            lambda schema: schema.only(item=["item_id"]),
            model={"graph": {"name": "knn", "k": 10, "by": "tags"}},
        ),
        Row("ids and tags", lambda schema: schema.only(item=["item_id", "tags"])),
        Row("multi-modal", lambda schema: schema),
        Row("id only", lambda schema: schema.only(item=["item_id"])),
        Row(
            "ids, nearest by events",
            lambda schema: schema.only(item=["item_id"]),
            model={"graph": {"name": "knn", "k": 10}},
        ),
        Row("text only", lambda schema: schema.only(item=["name", "tags", "text_minilm"])),
        Row("audio only", lambda schema: schema.only(item=["audio_vggish", "audio_whisper"])),
        *BASELINES,
        *WITHOUT_ORDER,
        vbpr("text_minilm", "audio_vggish", "audio_whisper"),
    ),
    schema=with_summed_history,
    split_sha256="8eb543509238116bfd5e69fa0f9eb4935938762369adf3a358bfe01c0e1d64aa",
    model={"temperature": 0.15, "fusion": "sum"},
    training={"monitor": "recall@20", "epochs": 150, "patience": 20},
    grid={"learning_rate": (1e-3, 3e-3)},
    evaluation={"history": "train"},
)
