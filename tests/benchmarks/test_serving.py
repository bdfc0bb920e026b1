"""The benchmark of the server, in small: does it measure what it says, and does every request succeed?"""

import json

import numpy as np
import pytest

from benchmarks.speed.results import one_by_one
from benchmarks.speed.serving import CLIENTS, exported, measure, measure_encoding, merged, met
from benchmarks.speed.vectors import copies
from tfmmrec.data import load
from tfmmrec.modalities import History
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.serving import Served
from tfmmrec.tasks import NextItem


def test_times_stand_in_the_table():
    row = {
        "name": "asked",
        "ours": 2000.0,
        "peer": 1000.0,
        "peer_name": "a loop",
        "ratio": 2.0,
        "unit": "q/s",
    }
    assert one_by_one([row])[2] == "| asked | 2,000 q/s | 1,000 q/s | a loop | 2 |"
    timed = row | {"p50 ms": 1.5, "p95 ms": 2.0, "p99 ms": 12.25}
    assert one_by_one([timed]) == [
        "| | ours | p50 ms | p95 ms | p99 ms | peer | | ratio |",
        "|---|---|---|---|---|---|---|---|",
        "| asked | 2,000 q/s | 1.5 | 2 | 12.25 | 1,000 q/s | a loop | 2 |",
    ]


def test_what_was_measured_again_stands_where_it_stood(tmp_path):
    path = tmp_path / "speed-serving.json"
    first = [{"name": "a", "ours": 1}, {"name": "b", "ours": 2}]
    assert merged(path, first) == first
    path.write_text(json.dumps(first), "utf-8")
    again = [{"name": "c", "ours": 3}, {"name": "a", "ours": 4}]
    assert merged(path, again) == [
        {"name": "a", "ours": 4},
        {"name": "b", "ours": 2},
        {"name": "c", "ours": 3},
    ]


@pytest.fixture
def few(tmp_path):
    """A small model of ids alone, and its data."""
    events = "".join(f"u{user},i{(7 * user + step) % 50}\n" for user in range(20) for step in range(10))
    (tmp_path / "events.csv").write_text("user_id,item_id\n" + events, "utf-8")
    schema = Schema(tasks=[NextItem()], order="file", history=History(length=8, layers=1, heads=2))
    data = load(tmp_path, schema)
    return lambda: (build_recommender(data.schema, data.vocabulary, width=16, seed=0), data)


def test_the_catalogue_is_copies_and_its_users_met_copies(few, tmp_path):
    model, data = few()
    there = Served(exported(200, "exact", tmp_path, few))
    assert there.about["items"] == 200
    of_copies = np.stack([there.encode_item(item_id=f"i{item}")["vector"] for item in range(200)])
    originals = np.asarray(model.item_tower.get_weights()[0])[1:]
    trained = len(originals)
    np.testing.assert_allclose(of_copies[:trained], originals, rtol=1e-5)
    copied = copies(originals, 200)[1]
    assert not np.allclose(of_copies[trained:], originals[copied[trained:]])
    nearest = np.argmax(of_copies @ originals.T / np.linalg.norm(originals, axis=1), axis=1)
    assert np.mean(nearest == copied) > 0.9

    asked = list(met(data, copied))
    users = [item for user, item in asked if user == "u3"]
    of_user = slice(*data.events.start[3:5])
    assert list(copied[users]) == [row for row in data.events.item[of_user][-8:] if row < trained]
    assert {item for _, item in asked} == set(range(200))


@pytest.mark.slow
def test_every_run_is_measured_and_nothing_fails(tmp_path, few):
    records = list(measure(tmp_path, (500,), seconds=1, minute=2, few=few))
    names = [one["name"] for one in records]
    assert len(set(names)) == len(names) == 2 * len(CLIENTS) + 2
    for one in records:
        assert one["failed"] == 0
        assert 0 < one["p50 ms"] <= one["p95 ms"] <= one["p99 ms"]
        assert one["ours"] > 0 and one["peer"] > 0
        assert ("recall@100" in one) == ("ivf" in one["name"])
    assert "memory grown MiB" in records[-2]


@pytest.mark.slow
def test_items_are_encoded_from_their_bytes(tmp_path):
    (one,) = measure_encoding(tmp_path, seconds=1)
    assert one["unit"] == "items/s" and one["ours"] > 0 and one["peer"] > 0
    assert one["failed"] == 0 and "recall@100" not in one
