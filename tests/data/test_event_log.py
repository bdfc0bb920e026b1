"""Which rows are used, in which order, and what becomes of the others."""

import numpy as np
import pytest

from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.event_log import rows_by_id, usable_events
from tfmmrec.data.readers import read_table
from tfmmrec.modalities import Category
from tfmmrec.schema import Schema
from tfmmrec.tasks import Match, NextItem

TIMED = Schema(tasks=[NextItem()], timestamp="time")


@pytest.fixture
def log(tmp_path):
    def usable(text, schema=TIMED, catalogue=None, split="random"):
        (tmp_path / "events.csv").write_text(text)
        columns = ("user_id", "item_id", "time", "part")
        wanted = {column: "the test" for column in columns if column in text.partition("\n")[0]}
        letters = DeadLetters()
        table = read_table(tmp_path, tmp_path / "events.csv", "events", wanted, letters)
        events = usable_events(table, schema, catalogue, split, letters)
        users, items = (
            [ids[n] for n in numbers]
            for ids, numbers in ((events.user_ids, events.user), (events.item_ids, events.item))
        )
        lost = [(x.line, x.lost, x.reason, x.value) for x in letters]
        return events, list(zip(users, items, strict=True)), lost

    return usable


def test_sorted_by_user_then_time_then_place_in_the_file(log):
    events, pairs, lost = log(
        "user_id,item_id,time\nb,1,5\na,2,9\nb,3,4\na,4,9\nb,5,5\na,6,2024-01-01\na,7,0\n"
    )
    assert pairs == [("b", "3"), ("b", "1"), ("b", "5"), ("a", "7"), ("a", "2"), ("a", "4"), ("a", "6")]
    assert events.time.tolist() == [4, 5, 5, 0, 9, 9, 1_704_067_200]
    assert events.rows.tolist() == [2, 0, 4, 6, 1, 3, 5]
    assert events.user_ids == ["b", "a"]
    assert events.item_ids == ["1", "2", "3", "4", "5", "6", "7"]
    assert events.starts(np.ones(7, bool)).tolist() == [0, 3, 7]
    assert events.starts(np.arange(7) < 2).tolist() == [0, 2, 2]
    assert not lost


@pytest.mark.parametrize("schema", [Schema(tasks=[NextItem()], order="file"), Schema(tasks=[Match()])])
def test_without_times_the_file_is_the_order(log, schema):
    events, pairs, _ = log("user_id,item_id,time\nb,1,5\na,2,9\nb,3,4\n", schema)
    assert pairs == [("b", "1"), ("b", "3"), ("a", "2")]
    assert np.isnan(events.time).all()


def test_each_dead_row_has_one_letter(log):
    _, pairs, lost = log(
        "user_id,item_id,time\na,1,1\n,,x\na,,1\na,9,x\na,1,soon\na,1,\na,1,nan\na,1,2\n", catalogue={"1": 0}
    )
    assert pairs == [("a", "1"), ("a", "1")]
    assert sorted(lost) == [
        (3, "row", "empty user id", ""),
        (4, "row", "empty item id", ""),
        (5, "row", "unknown item", "9"),
        (6, "row", "unusable time", "soon"),
        (7, "row", "unusable time", ""),
        (8, "row", "unusable time", "nan"),
    ]


def test_dates_written_together_are_told_how_to_be_written(log):
    text = "user_id,item_id,time\na,1,20240131\na,2,20240201\n"
    with pytest.raises(
        ValueError, match="unusable time '20240131'. .* a date such as 20240501 as 2024-05-01"
    ):
        log(text)


def test_a_set_of_events_can_do_without_times(log):
    schema = Schema(tasks=[Match()], timestamp="time")
    events, pairs, lost = log("user_id,item_id,time\na,1,soon\na,2,\na,3,1\n", schema)
    assert pairs == [("a", "3"), ("a", "1"), ("a", "2")]  # unknown times come last
    assert lost == [(2, "cell", "unusable time", "soon")]
    assert np.isnan(events.time).tolist() == [False, True, True]


def test_a_split_that_the_column_does_not_know(log):
    schema = Schema(tasks=[Match()])
    text = "user_id,item_id,part\na,1,train\na,2,trian\na,3,\na,4,test\n"
    _, pairs, lost = log(text, schema, split="column:part")
    assert [item for _, item in pairs] == ["1", "4"]
    assert lost == [(3, "row", "unknown split", "trian"), (4, "row", "unknown split", "")]


def test_no_event_left(log):
    with pytest.raises(
        ValueError,
        match=r"None of the 2 events of events.csv can be used: events: unknown item \(2\). "
        "The first, line 2: unknown item '1'",
    ):
        log("user_id,item_id,time\na,1,1\na,2,1\n", catalogue={"01": 0})


def test_milliseconds_are_not_taken_for_seconds(log):
    text = "user_id,item_id,time\na,1,1714564800000\na,2,1714564801000\n"
    with pytest.raises(
        ValueError, match=r"unusable time '1714564800000'. A time .* divide milliseconds by 1000, in requests"
    ):
        log(text)


def test_the_first_of_several_rows_of_one_id_is_kept(tmp_path):
    (tmp_path / "items.csv").write_text("item_id,x\nb,1\na,2\nb,3\n,4\n,5\nB,6\n")
    letters = DeadLetters()
    table = read_table(tmp_path, tmp_path / "items.csv", "items", {"item_id": "the test"}, letters)
    assert list(rows_by_id(table, "item_id", letters).items()) == [("b", 0), ("a", 1), ("B", 5)]
    assert [(x.line, x.reason, x.value) for x in letters] == [
        (5, "empty item id", ""),
        (6, "empty item id", ""),
        (4, "duplicate item id", "b"),
    ]


def test_event_features_do_not_change_which_rows_are_used(log):
    schema = Schema(tasks=[NextItem()], order="file", event=[Category("time")])
    _, pairs, lost = log("user_id,item_id,time\na,1,\na,2,x\n", schema)
    assert (len(pairs), lost) == (2, [])


def test_of_events_that_say_the_same_the_first_is_kept(log):
    text = "user_id,item_id,time\na,1,1\na,1,2\nb,1,1\na,1,1.0\na,2,1\na,1,1\n"
    events, pairs, lost = log(text)
    assert pairs == [("a", "1"), ("a", "2"), ("a", "1"), ("b", "1")]
    assert lost == [(5, "row", "duplicate event", ""), (7, "row", "duplicate event", "")]
    for schema in (Schema(tasks=[NextItem()], order="file"), Schema(tasks=[Match()])):
        assert len(log(text, schema)[1]) == 6  # without times nothing tells an event from its copy


def test_events_of_different_kinds_are_different(log):
    schema = Schema(tasks=[NextItem()], timestamp="time", event=[Category("part")])
    _, pairs, lost = log("user_id,item_id,time,part\na,1,1,view\na,1,1,buy\na,1,1,view\n", schema)
    assert pairs == [("a", "1"), ("a", "1")]
    assert [line for line, *_ in lost] == [4]


@pytest.mark.parametrize(
    ("times", "count"),
    [("1 2 3 4", 0), ("4 3 2 1", 3), ("1 3 2 4", 1), ("2 2 2 2", 0), ("4 1 2 3", 3), ("1 4 2 4", 1)],
)
def test_events_out_of_order_are_sorted_and_counted(log, times, count):
    rows = "".join(f"a,{i},{time}\nb,{i},{i}\n" for i, time in enumerate(times.split()))
    events, _, lost = log("user_id,item_id,time\n" + rows)
    assert events.out_of_order == count
    assert not lost
    assert events.time[:4].tolist() == sorted(map(float, times.split()))
