"""The questions an evaluation asks, and what may be known when they are asked."""

import dataclasses

import numpy as np
import pytest

from tfmmrec.data.dataset import COLD, CONTEXT, TEST, TRAIN, VALIDATION
from tfmmrec.evaluation import Ragged, queries_of


def with_splits(data, split):
    return dataclasses.replace(data, events=dataclasses.replace(data.events, split=split.astype("int8")))


def test_with_an_order_each_event_is_a_query_that_knows_only_earlier_ones(small_data):
    events = small_data.events
    for split, known in ((small_data.validation, 8), (small_data.test, 9)):
        queries = queries_of(split)
        assert len(queries) == len(split) == len(small_data.user_ids)
        for query in range(len(queries)):
            (asked,) = queries.events[query]
            first = events.start[queries.users[query]]
            assert events.user[asked] == queries.users[query]
            assert (
                queries.histories[query].tolist() == list(range(first, first + known))
                and asked == first + known
            )
            assert queries.targets(query).tolist() == [events.item[asked]]
            assert queries.seen(query).tolist() == sorted({*events.item[queries.histories[query]]})


def test_later_events_of_a_split_do_not_know_the_earlier_ones_of_it(small_data):
    """Two events of a user in the test split: neither is in the other's history."""
    split = np.tile([TRAIN] * 7 + [VALIDATION, TEST, TEST], len(small_data.user_ids))
    queries = queries_of(with_splits(small_data, split).test)
    histories = np.asarray(queries.histories[:2])
    np.testing.assert_array_equal(histories, [np.arange(8), np.arange(8)])


def test_a_cold_item_is_asked_for_knowing_training_alone(small_data):
    split = np.tile(
        [TRAIN, TRAIN, TRAIN, COLD, TRAIN, COLD, TRAIN, TRAIN, VALIDATION, TEST], len(small_data.user_ids)
    )
    queries = queries_of(with_splits(small_data, split).cold)
    assert [rows.tolist() for rows in queries.events[:2]] == [[3], [5]]
    assert [rows.tolist() for rows in queries.histories[:2]] == [[0, 1, 2], [0, 1, 2, 4]]


def test_without_an_order_a_user_is_one_query(small_sets):
    events = small_sets.events
    queries = queries_of(small_sets.test)
    assert len(set(queries.users)) == len(queries)
    assert sorted(np.concatenate(queries.events)) == small_sets.test.rows.tolist()
    for query, user in enumerate(queries.users):
        mine = np.arange(events.start[user], events.start[user + 1])
        assert queries.events[query].tolist() == mine[events.split[mine] == TEST].tolist()
        assert queries.histories[query].tolist() == mine[events.split[mine] < TEST].tolist()


@pytest.mark.parametrize("sets", [False, True])
def test_of_training_alone(small_data, small_sets, sets):
    """Validation is no part of a history then, and may be asked at test all the same."""
    data = small_sets if sets else small_data
    codes = np.random.default_rng(3).integers(0, 5, len(data.events.item))
    data = with_splits(data, codes)
    every, known = queries_of(data.test), queries_of(data.test, history="train")
    np.testing.assert_array_equal(np.concatenate(known.events), data.test.rows)
    assert (np.isin(np.concatenate(every.histories), data.validation.rows)).any()
    for all_known, trained in zip(every.histories, known.histories, strict=True):
        np.testing.assert_array_equal(trained, all_known[np.isin(codes[all_known], [TRAIN, CONTEXT])])
    for split in (data.train, data.validation, data.cold):  # where it makes no difference
        one, other = queries_of(split), queries_of(split, history="train")
        np.testing.assert_array_equal(np.concatenate(one.histories), np.concatenate(other.histories))


def test_there_are_two_kinds_of_history(small_data):
    with pytest.raises(ValueError, match="history is 'earlier', .* or 'train', .* got 'all'"):
        queries_of(small_data.test, history="all")


def test_an_item_met_twice_is_one_target(small_sets):
    events = small_sets.events
    item = np.where(np.arange(len(events.item)) % 2, events.item, np.roll(events.item, -1))  # in pairs
    split = np.full(len(item), TEST)
    data = dataclasses.replace(
        small_sets, events=dataclasses.replace(events, item=item, split=split.astype("int8"))
    )
    assert len(queries_of(data.test).targets(0)) == 5


def test_chunks_hold_every_query_once(small_data):
    queries = queries_of(small_data.test)
    chunks = list(queries.chunks(7))
    assert max(map(len, chunks)) == 7
    np.testing.assert_array_equal(np.concatenate(chunks), np.arange(len(queries)))


def test_an_empty_split_is_explained(small_data):
    with pytest.raises(ValueError, match="The cold split has no events, .* cold_items=0.1. holds out a"):
        queries_of(small_data.cold)
    everything = with_splits(small_data, np.full(len(small_data.events.item), TRAIN))
    with pytest.raises(ValueError, match="The test split .* three or more, 'random:80/10/10' .* shares"):
        queries_of(everything.test)


@pytest.mark.parametrize("name", ["train", "validation", "test", "cold"])
@pytest.mark.parametrize("sets", [False, True])
def test_histories_are_those_of_the_split(small_data, small_sets, name, sets):
    """However the events are split: the context of held-out users, cold items and all."""
    data = small_sets if sets else small_data
    codes = np.random.default_rng(3).integers(0, 5, len(data.events.item))
    split = getattr(with_splits(data, codes), name)
    queries = queries_of(split)
    for asked, history in zip(queries.events, queries.histories, strict=True):
        np.testing.assert_array_equal(history, split.history_rows(int(asked[0])))
    np.testing.assert_array_equal(np.concatenate(queries.events), split.rows)


def test_a_chunk_is_asked_at_once(small_sets):
    queries = queries_of(with_splits(small_sets, np.tile([TEST, TRAIN, TRAIN, TEST, TEST], 80)).test)
    chunk = np.array([7, 0, 3])
    for of_chunk, of_one in ((queries.targets_of, queries.targets), (queries.seen_of, queries.seen)):
        place, item = of_chunk(chunk)
        for number, query in enumerate(chunk):
            assert set(item[place == number]) == set(of_one(query))
    place, item = queries.targets_of(chunk)
    assert len(item) == sum(len(queries.targets(query)) for query in chunk)
    assert (queries.sizes == 10).all()


def test_ragged_lists():
    ragged = Ragged.of([[3, 1], [], [4]])
    assert len(ragged) == 3 and ragged.sizes.tolist() == [2, 0, 1]
    assert [one.tolist() for one in ragged] == [[3, 1], [], [4]] == [one.tolist() for one in ragged[:]]
    place, rows = ragged.flat(np.array([2, 1, 0]))
    assert (place.tolist(), rows.tolist()) == ([0, 2, 2], [4, 3, 1])
    assert len(Ragged.of([])) == 0
