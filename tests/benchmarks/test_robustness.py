"""Data with a part of it taken away: by hand."""

import numpy as np

import small
from benchmarks.quality.robustness import latest, without
from tfmmrec.data import load
from tfmmrec.data.dataset import TEST, TRAIN, VALIDATION


def test_a_feature_of_a_share_of_the_items_is_missing(tmp_path):
    data = load(small.write(tmp_path), small.schema())
    five = data.item_ids.index("i5")  # has no year
    for name in ("year", "genres"):
        none, some, all_gone = (without(data, name, share).items for share in (0.0, 0.5, 1.0))
        for part, values in data.items[name].items():
            assert np.array_equal(none[name][part], values, equal_nan=True)
            pairs = zip(some[name][part], values, strict=True)
            assert any(np.array_equal(a, b, equal_nan=True) for a, b in pairs)  # some stay
            empty = np.broadcast_to(all_gone[name][part][:1], values.shape)
            assert np.array_equal(all_gone[name][part], empty, equal_nan=True)
        other = "genres" if name == "year" else "year"
        assert all(all_gone[other][part] is data.items[other][part] for part in data.items[other])
    for part, values in without(data, "year", 1.0).items["year"].items():
        assert np.array_equal(values[five], data.items["year"][part][five], equal_nan=True)


def test_the_latest_events_alone_are_known(tmp_path):
    data = load(small.write(tmp_path), small.schema())
    little = latest(data, 3)
    assert len(little.test) == len(data.test) == small.USERS
    for user in (0, small.USERS - 1):
        first, last = data.events.start[user : user + 2]
        rows = slice(*little.events.start[user : user + 2])
        assert np.array_equal(little.events.item[rows], data.events.item[first:last][-4:])
        assert little.events.split[rows].tolist() == [TRAIN, TRAIN, VALIDATION, TEST]
        assert np.array_equal(
            little.events.labels["rating"][rows], data.events.labels["rating"][first:last][-4:]
        )
    assert np.array_equal(little.events.user, np.repeat(np.arange(small.USERS), 4))
    everything = latest(data, 100)
    assert np.array_equal(everything.events.item, data.events.item)
    one = latest(data, 1)  # that of validation: what was popular in training is known all the same
    assert (one.events.split != TRAIN).all() and np.array_equal(one.popularity, data.popularity)


def test_of_sets_any_events(tmp_path):
    data = load(small.write(tmp_path), small.schema(ordered=False), split="random")
    little = latest(data, 2)
    known = little.events.split != TEST
    assert np.bincount(little.events.user[known]).max() == 2 and len(little.test) == len(data.test)
