"""Nothing that training sees changes when rows of validation and test do: poisoned rows harm nobody."""

import csv
import io

import numpy as np
import pytest
from PIL import Image as Pillow

from tfmmrec.data import Batches, load
from tfmmrec.data.dataset import TRAIN
from tfmmrec.modalities import Audio, Category, Image, Number, Tags, Text, Timestamp, Vector
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match, Multiclass, NextItem, Rating

USERS, EVENTS, ITEMS = 12, 8, 36
ITEM = {"title": "A Title", "price": "10", "genres": "a|b", "kind": "film", "released": "86400",
        "vector": "1 2 3", "poster": "good.png", "clip": "", "twin": "x"}  # fmt: skip
USER = {"town": "Oslo", "age": "30"}
EVENT = {"device": "phone", "words": "so good", "like": "1", "stars": "4", "mood": "calm", "trust": "1"}
POISON = {"title": "Poison Poison", "price": "-7e9", "genres": "poison", "kind": "poison", "released": "9e9",
          "vector": "7 7 7 7", "poster": "bad.png", "clip": "lost.wav", "twin": "poison", "town": "Poison",
          "age": "1e30", "device": "poison", "words": "poison " * 99, "like": "0", "stars": "99",
          "mood": "poison", "trust": "50"}  # fmt: skip


def schema(ordered):
    return Schema(
        item=[
            Text("title", min_count=1), Number("price"), Tags("genres"), Category("kind"),
            Timestamp("released"), Vector("vector"), Image("poster", height=8, width=8),
            Audio("clip", seconds=0.1),
        ],
        user=[Category("town"), Number("age")],
        event=[Category("device"), Text("words", min_count=1)],
        tasks=[
            NextItem() if ordered else Match(), Binary("like", positive_weight=3.0), Rating("stars"),
            Multiclass("mood", balanced=True),
        ],
        timestamp="time",
        event_weight="trust",
    )  # fmt: skip


def write(path, rows):
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)


@pytest.fixture
def folder(tmp_path):
    picture = io.BytesIO()
    Pillow.new("RGB", (8, 8), (9, 9, 9)).save(picture, "PNG")
    (tmp_path / "good.png").write_bytes(picture.getvalue())
    return tmp_path


def tables():
    """Users walk through the items at times of their own; the last items are met by few, and late."""
    generator = np.random.default_rng(0)
    items = [ITEM | {"item_id": f"i{i}", "price": str(10 + i)} for i in range(ITEMS)]
    users = [USER | {"user_id": f"u{u}", "age": str(20 + u)} for u in range(USERS)]
    events = []
    for user in range(USERS):
        for place in range(EVENTS):
            item, said = 3 * place + user, generator.random()
            events.append(
                {"user_id": f"u{user}", "item_id": f"i{item}", "time": str(100 * place + user),
                 "part": "train" if said < 0.6 else "valid" if said < 0.8 else "test"}
                | EVENT | {"stars": str(1 + item % 5), "mood": "abc"[item % 3], "like": str(item % 2)}
            )  # fmt: skip
    return items, users, events


def seen_in_training(data):
    """All a model is told while it trains."""
    popularity = dict(zip(data.item_ids, data.popularity.tolist(), strict=True))
    batches = Batches(data, data.schema, batch_events=40, negatives=3)
    arrays = [array for i in range(len(batches)) for part in batches[i] for _, array in sorted(part.items())]
    rows = data.train.rows
    labels = [data.events.labels[task][rows] for task in sorted(data.events.labels)]
    weights = [data.events.weights[task][rows] for task in sorted(data.events.weights)]
    return data.vocabulary, popularity, [*arrays, *labels, *weights]


SPLITS = [
    "leave-last-out",
    "leave-last-one",
    "global-time",
    "random:60/20/20",
    "users:60/20/20",
    "column:part",
]


@pytest.mark.parametrize(
    ("split", "cold", "ordered"),
    [
        *((split, 0.0, True) for split in SPLITS),
        ("leave-last-out", 0.2, True),
        *((split, 0.0, False) for split in SPLITS if split[0] in "ruc"),
    ],
)
def test_poisoned_rows_harm_nobody(folder, split, cold, ordered):
    items, users, events = tables()
    read = []
    for poisoned in (False, True):
        for name, rows in (("items", items), ("users", users), ("events", events)):
            write(folder / f"{name}.csv", rows)
        data = load(folder, schema(ordered), split=split, cold_items=cold, max_dead=1.0)
        read.append((seen_in_training(data), data.split_sha256 if cold else None))
        if poisoned:
            break
        # events are sorted by user, then time, as in the file
        held = np.flatnonzero(data.events.split != TRAIN)
        assert len(held)
        trained = {*data.events.item[data.train.rows].tolist()}
        others = [one for row, one in enumerate(data.item_ids) if row not in trained]
        met = {data.user_ids[user] for user in data.events.user[data.train.rows]}
        for row in held.tolist():
            events[row] |= {column: POISON[column] for column in EVENT}
            if not cold:  # which items are cold is drawn among those that are met
                events[row]["item_id"] = others[row % len(others)]
        for item in items:
            if item["item_id"] in others:
                item |= {column: POISON[column] for column in ITEM}
        for user in users:
            if user["user_id"] not in met:
                user |= {column: POISON[column] for column in USER}
        assert len(met) < USERS or not split.startswith("users")
    ((vocabulary, popularity, arrays), sha), ((again, popular, poisoned_arrays), other_sha) = read
    assert vocabulary == again
    assert popularity == popular
    assert sha == other_sha
    assert len(arrays) == len(poisoned_arrays)
    for array, other in zip(arrays, poisoned_arrays, strict=True):
        np.testing.assert_array_equal(array, other)
