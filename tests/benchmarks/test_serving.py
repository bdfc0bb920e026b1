"""The benchmark of the server, in small: does it measure what it says, and does every request succeed?"""

import json

import pytest

from benchmarks.speed.results import one_by_one
from benchmarks.speed.serving import CLIENTS, measure, measure_encoding, merged


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


@pytest.mark.slow
def test_every_run_is_measured_and_nothing_fails(tmp_path):
    records = list(measure(tmp_path, (500,), seconds=1, minute=2))
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
