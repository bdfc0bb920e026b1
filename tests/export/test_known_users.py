"""Which events, features and seen items of users go into an export."""

import numpy as np
import pytest

from tfmmrec.data.dataset import COLD, TEST, TRAIN, VALIDATION, Data, Events
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.export import KnownUsers
from tfmmrec.modalities import Category, History, Number
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem

SPLIT = [TRAIN, TRAIN, TRAIN, VALIDATION, TEST, TRAIN, COLD, TRAIN, COLD]


@pytest.fixture
def data():
    """Users of 5, 0, 3 and 1 events; the features of row r are r."""
    schema = Schema(
        user=[Number("age")],
        event=[Category("kind")],
        tasks=[NextItem()],
        timestamp="time",
        history=History(length=3),
    )
    events = Events(
        start=np.asarray([0, 5, 5, 8, 9]),
        item=np.asarray([4, 4, 2, 0, 1, 3, 5, 3, 5], "int32"),
        time=np.arange(9) * 10.0,
        split=np.asarray(SPLIT, "int8"),
        features={"kind": {"value": np.arange(9, dtype="int32")}},
        labels={},
        weights={},
    )
    users = {"age": {"number": np.arange(4, dtype="float32")}}
    ids = [str(number) for number in range(6)]
    return Data(schema, Vocabulary({}, {}, 6, 5), ids, ["a", "b", "c", "d"], {}, users, events, "")


def test_the_latest_events_of_every_split_but_those_of_cold_items(data):
    known = KnownUsers.of(data)
    assert known.ids == ["a", "b", "c", "d"]
    assert known.start.tolist() == [0, 3, 3, 5, 5]
    assert known.item.tolist() == [2, 0, 1, 3, 3]
    assert known.time.tolist() == [20, 30, 40, 50, 70]
    assert known.events["kind"]["value"].tolist() == [2, 3, 4, 5, 7]
    assert known.features["age"]["number"].tolist() == [0, 1, 2, 3]
    assert len(known) == 4


def test_every_item_met_counts_as_seen_once(data):
    known = KnownUsers.of(data)
    of_user = [known.seen[a:b].tolist() for a, b in zip(known.seen_start, known.seen_start[1:], strict=False)]
    assert of_user == [[0, 1, 2, 4], [], [3], []]


def test_events_of_items_that_are_gone_go_with_them(data):
    known = KnownUsers.of(data).keeping(np.asarray([True, True, False, False, True, True]))
    assert known.start.tolist() == [0, 2, 2, 2, 2]
    assert (known.item.tolist(), known.time.tolist()) == ([0, 1], [30, 40])
    assert known.events["kind"]["value"].tolist() == [3, 4]
    assert known.seen_start.tolist() == [0, 3, 3, 3, 3]
    assert known.seen.tolist() == [0, 1, 2]  # 0, 1 and 4, by the rows that are left
    assert known.item.dtype == known.seen.dtype == "int32" and known.start.dtype == "int64"
    assert len(known) == 4 and known.features["age"]["number"].tolist() == [0, 1, 2, 3]
