"""Cutting histories into windows, and sets into targets and context."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.data.dataset import TRAIN
from tfmmrec.data.windows import MOST_TARGETS, Sequences, Sets, length_buckets

SIZES = st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any)


@pytest.mark.parametrize(
    ("length", "buckets"), [(200, [25, 50, 100, 200]), (50, [7, 13, 25, 50]), (3, [1, 2, 3]), (1, [1])]
)
def test_lengths_are_an_eighth_a_quarter_a_half_and_all(length, buckets):
    assert length_buckets(length).tolist() == buckets


@settings(deadline=None)
@given(sizes=SIZES, length=st.integers(1, 12), seed=st.integers(0, 99))
def test_windows_of_sequences_hold_every_event_once_and_in_order(made, sizes, length, seed):
    data = made([range(size) for size in sizes])
    generator = np.random.default_rng(seed)
    cutter = Sequences(data.events, length)
    rows, windows = cutter.rows(generator), cutter.cut(generator)
    held = [rows[s : s + n] for s, n in zip(windows.candidate_start, windows.candidate_size, strict=True)]
    assert np.concatenate(held).tolist() == rows.tolist() == list(range(sum(sizes)))
    assert windows.candidate_size.min() >= 1
    assert windows.candidate_size.max() <= length + 1
    for user, events, continued in zip(windows.user, held, windows.continued, strict=True):
        assert set(data.events.user[events]) == {user}
        assert continued == (events[0] != data.events.start[user])
    np.testing.assert_array_equal(windows.history_start, windows.candidate_start)
    np.testing.assert_array_equal(windows.history_size, windows.candidate_size - 1)


def test_what_fits_one_window_is_not_cut(made):
    windows = Sequences(made([range(5), range(3)]).events, 4).cut(np.random.default_rng(0))
    assert windows.candidate_size.tolist() == [5, 3]


def test_every_offset_is_as_likely(made):
    cutter = Sequences(made([range(30)] * 4000).events, 4)
    windows = cutter.cut(np.random.default_rng(0))
    first = windows.candidate_size[~windows.continued]
    np.testing.assert_allclose(np.bincount(first) / 4000, [0, 0.2, 0.2, 0.2, 0.2, 0.2], atol=0.02)


def test_held_out_events_are_no_gap_in_a_sequence(made):
    data = made([[0, 1, 2, 3, 4]], [[0, 3, 0, 1, 2]])
    cutter = Sequences(data.events, 4)
    assert cutter.rows(np.random.default_rng(0)).tolist() == [0, 2]


@settings(deadline=None)
@given(
    histories=st.lists(st.lists(st.integers(0, 30), max_size=60), min_size=1, max_size=8).filter(any),
    length=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_targets_of_a_set_are_a_quarter_and_never_in_their_context(made, histories, length, seed):
    data = made(histories, ordered=False)
    generator = np.random.default_rng(seed)
    cutter = Sets(data.events, length)
    rows, windows = cutter.rows(generator), cutter.cut(generator)
    assert windows.user.tolist() == [user for user, history in enumerate(histories) if history]
    assert not windows.continued.any()
    for i, user in enumerate(windows.user):
        targets = rows[windows.candidate_start[i] :][: windows.candidate_size[i]]
        context = rows[windows.history_start[i] :][: windows.history_size[i]]
        assert set(data.events.user[np.concatenate([targets, context])]) == {user}
        items = data.events.item[np.concatenate([targets, context])]
        assert len(set(items)) == len(items)
        distinct = len(set(histories[user]))
        assert len(targets) == min(max(1, int(distinct / 4 + 0.5)), MOST_TARGETS)
        assert len(context) == min(length, distinct - len(targets))


def test_a_set_of_one_item_is_asked_about_it_with_an_empty_context(made):
    windows = Sets(made([[7]], ordered=False).events, 4).cut(np.random.default_rng(0))
    assert (windows.candidate_size.tolist(), windows.history_size.tolist()) == ([1], [0])


def test_every_event_of_a_set_gets_its_turn(made):
    data = made([[1, 2, 3, 4, 1, 1], [5, 6, 7]], ordered=False, length=2)
    cutter, asked, read = Sets(data.events, 2), set(), set()
    for seed in range(60):
        rows, windows = cutter.rows(np.random.default_rng(seed)), cutter.cut(np.random.default_rng(seed))
        for i in range(2):
            asked |= set(rows[windows.candidate_start[i] :][: windows.candidate_size[i]].tolist())
            read |= set(rows[windows.history_start[i] :][: windows.history_size[i]].tolist())
    assert asked == read == set(range(9))


def test_sets_know_training_events_alone(made):
    data = made([[1, 2, 3, 4]], [[0, 1, 2, 3]], ordered=False)
    assert (data.events.split == TRAIN).sum() == 1
    assert Sets(data.events, 4).rows(np.random.default_rng(0)).tolist() == [0]


def test_places_for_candidates_are_what_the_users_of_a_length_need(made):
    cutter = Sets(made([range(3), range(20), range(100)], ordered=False).events, 40)
    assert cutter.lengths.tolist() == [5, 10, 20, 40]
    # 3 items: 1 target, 2 read; 20: 5 and 15; 100: 16 and 40 of the 84 others
    assert cutter.candidates.tolist() == [1, 1, 5, 16]
