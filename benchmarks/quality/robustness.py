"""What is left of a model when items are new, content is missing, or users have done little."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.quality import lastfm_2k, ml_1m, ml_100k
from benchmarks.quality.baselines import BASELINES
from benchmarks.quality.table import Reading, Row
from tfmmrec.data.dataset import CONTEXT, TRAIN, VALIDATION, Data
from tfmmrec.modalities import History, missing_parts
from tfmmrec.schema import Schema

MISSING = (0.3, 0.6, 0.9)
EVENTS = (1, 5, 20)
RATES = {"text_minilm": 0.1}  # of Last.fm-2K: what all else hides behind


def without(data: Data, name: str, share: float) -> Data:
    """The data without a feature of that share of the items, drawn at random, the same for every model."""
    feature = next(one for one in data.schema.features("item") if one.name == name)
    nothing = missing_parts(feature, data.vocabulary.features["item"][name], 1)
    chosen = np.random.default_rng(0).random(data.vocabulary.items) < share
    changed = {}
    for part, values in data.items[name].items():
        changed[part] = np.array(values)
        changed[part][chosen] = nothing[part][0]
    return replace(data, items={**data.items, name: changed})


def latest(data: Data, count: int) -> Data:
    """The data with so many of the latest events that may be known of each user, and all held-out ones.

    Where there is no order, it is as many at random.
    """
    events = data.events
    known = np.isin(events.split, (TRAIN, VALIDATION, CONTEXT))
    place = np.arange(len(known))
    if not data.schema.ordered:
        place = np.random.default_rng(0).permutation(place)
    order = np.lexsort((-place, events.user, ~known))[: known.sum()]  # of each user, the latest first
    user = events.user[order]
    kept = ~known
    kept[order[np.arange(len(order)) - np.searchsorted(user, user) < count]] = True
    start = np.concatenate([[0], np.cumsum(kept)])[events.start]
    changed = replace(
        data,
        events=replace(
            events,
            start=start,
            item=events.item[kept],
            time=events.time[kept] if len(events.time) else events.time,
            split=events.split[kept],
            features={
                name: {part: values[kept] for part, values in parts.items()}
                for name, parts in events.features.items()
            },
            labels={name: values[kept] for name, values in events.labels.items()},
            weights={name: values[kept] for name, values in events.weights.items()},
        ),
    )
    # what was met how often in training stays known: of one event each, the one of validation may be all
    vars(changed)["popularity"] = data.popularity
    return changed


def readings(*features: str) -> tuple[Reading, ...]:
    """The test as it is; of new items; with little history; and with a part of each feature missing."""

    def missing(name: str, share: float) -> Reading:
        change = partial(without, name=name, share=share)
        return Reading(f"{name} missing {share:.0%}", change=change, feature=name)

    def little(count: int) -> Reading:
        return Reading(f"{count} known", change=partial(latest, count=count))

    return (
        Reading(),
        Reading("new items", split="cold"),
        *(little(count) for count in EVENTS),
        *(missing(name, share) for name in features for share in MISSING),
    )


def with_short_history(schema: Schema) -> Schema:
    """Of MovieLens-1M, for a model that is trained in minutes."""
    return replace(schema, history=History(length=100, layers=2, heads=2, dropout=0.2))


ABOUT = (
    "Each line is another way to read the test: 'new items' asks about those that were never "
    "trained on, among themselves; '5 known' tells only the five latest events of a user; "
    "'missing 30%' takes the feature from as many items. A dash: the row does not read the "
    "feature."
)
ML_1M = replace(
    ml_1m.TABLE,
    name="robustness-ml-1m",
    dataset=f"{ml_1m.TABLE.dataset}; a tenth of the items is never trained on",
    about=ABOUT,
    schema=with_short_history,
    load={"cold_items": 0.1},
    split_sha256="d4221ecab50188b6595c52e6fe12ff6832be095bf12907e02b81cb3b17a202cd",
    rows=(
        Row(ml_1m.TEXT_AND_POSTERS, lambda schema: schema, model=ml_1m.GATED),
        Row(ml_1m.IDS, ml_1m.ids),
        *BASELINES[:1],
    ),
    model={"width": 64},
    training={
        **ml_1m.TABLE.training,
        **ml_1m.CONTENT,
        "epochs": 12,
        "patience": 4,
        "ema": 0.999,
    },
    readings=readings("title", "plot", "poster"),
    by_reading=True,
)
EVERYTHING = lastfm_2k.TABLE.row("multi-modal")
LASTFM_2K = replace(
    lastfm_2k.TABLE,
    name="robustness-lastfm-2k",
    dataset=f"{lastfm_2k.TABLE.dataset}; a tenth of the items is never trained on",
    about=(
        f"{ABOUT} Rows: 'modality dropout' hides 30 % of the features in training, 'gradient modulation' is "
        "OGM-GE, 'rates' gives the MiniLM vector a tenth of the learning rate, 'auxiliary heads' lets each "
        "feature answer alone, too."
    ),
    load={"cold_items": 0.1},
    split_sha256="3c4a3eab37b95f0c3b560e874b0ff15609c58862f13c07bf809a2158ef0f9e55",
    rows=(
        EVERYTHING,  # with every feature of every item at every step
        replace(EVERYTHING, name="with modality dropout", model={"modality_dropout": 0.3}),
        replace(
            EVERYTHING,
            name="with gradient modulation",
            model={"auxiliary": {"probe": True}},
            training={"modulation": {"strength": 0.5, "noise": True}},
        ),
        replace(EVERYTHING, name="with rates", training={"rates": RATES}),
        replace(EVERYTHING, name="with auxiliary heads", model={"auxiliary": 0.1}),
        lastfm_2k.TABLE.row("id only"),
        *BASELINES[:1],
    ),
    training={"monitor": "recall@20", "epochs": 30, "patience": 8, "learning_rate": 3e-3},
    grid={},  # the rate that lastfm-2k chose
    readings=readings("tags", "text_minilm", "audio_vggish", "audio_whisper"),
    by_reading=True,
)
BY_TIME = replace(
    ml_100k.PLAIN,
    name="ml-100k-by-time",
    dataset="MovieLens-100K, split by global time, 80/10/10",
    about="RMSE is of the rating's head, AUC of the one that tells whether a film is rated 4 or more.",
    load={"split": "global-time"},
    split_sha256="afabce168e16e2d464aab5a1523cf7e0ee65cd400f800218b75f8dcd0f495a82",
    rows=tuple(row for row in ml_100k.PLAIN.rows if row.name not in ml_100k.SINGLE_MODALITIES),
    grid={},
    training={**ml_100k.PLAIN.training, "learning_rate": 3e-3},
)
