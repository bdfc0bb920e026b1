"""Epochs: equally many batches of few shapes, of other windows in another order each time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.any_batches import HISTORIES, SETTINGS, built, rows_of, windows_of
from tfmmrec.data.batches import Batches


@settings(deadline=None, max_examples=50)
@given(histories=HISTORIES, ordered=st.booleans(), **SETTINGS)
def test_every_epoch_has_as_many_batches_of_the_promised_shapes(
    made, histories, ordered, length, size, negatives, seed
):
    _, batches = built(made, histories, length, ordered, batch_events=size, negatives=negatives, seed=seed)
    count = len(batches)
    for users, places, candidates in batches.shapes:
        assert users == max(1, size // (places + 1))
        assert candidates == places + 1 or not ordered
    for epoch in range(6):
        batches.epoch = epoch
        assert len(batches) == len(list(batches)) == count
        for x, y, w in batches:
            shape = (*x["history.item"].shape, x["candidate"].shape[1])
            assert shape in batches.shapes
            assert x["history.time"].shape == x["event.kind.value"].shape == shape[:2]
            assert x["history.window"].shape == (shape[0], shape[1] + 1)
            windows = x["history.window"].max() + 1
            if ordered:
                windows = min(bucket for bucket in batches.window_buckets if bucket >= windows)
            assert x["user.gender.value"].shape == ((windows,) if ordered else shape[:1])
            assert {a.shape for a in (*y.values(), *w.values())} == {(shape[0], shape[2])}


def test_an_epoch_of_more_windows_than_were_expected_is_cut_again(made):
    data = made([range(20 + user) for user in range(12)], length=7)
    batches = Batches(data, data.schema, batch_events=8)  # one window of 8 events each
    for epoch in range(60):
        batches.epoch = epoch
        assert sorted(row for b in batches for row in rows_of(b)[1].ravel() if row >= 0) == list(range(306))


@pytest.mark.parametrize(("ordered", "rows"), [(True, 50 + 17), (False, 100)])
def test_users_are_shuffled_among_batches_and_batches_among_themselves(made, ordered, rows):
    """With an order, three short windows stand in one row as long as a long one."""
    data = made([range(3)] * 50 + [range(9)] * 50, ordered=ordered, length=8)
    batches = Batches(data, data.schema, batch_events=90)
    together, long_ones = set(), set()
    for epoch in range(6):
        batches.epoch = epoch
        filled = [len({row for _, (row, _), _ in windows_of(batch)}) for batch in batches]
        assert sum(filled) == rows
        users = [frozenset(x["user.gender.value"]) for x, _, _ in batches]
        assert not together & set(users)
        together |= set(users)
        long_ones.add(tuple(sum(user > 50 for user in of_batch) for of_batch in users))
    assert len(long_ones) > 3, "the batches with the long windows come in another order, or have other rows"


def test_windows_are_cut_elsewhere_in_each_epoch(made):
    data = made([range(60)], length=9)
    batches = Batches(data, data.schema, batch_events=10)
    starts = set()
    for epoch in range(100):
        batches.epoch = epoch
        for batch in batches:
            starts |= {rows_of(batch)[1][row, places[0]] for _, (row, places), _ in windows_of(batch)}
    assert starts == set(range(60))
