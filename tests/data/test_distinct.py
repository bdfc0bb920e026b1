"""Distinct items of a batch: where they stand, sizes, absent ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.data.distinct import distinct, draw_absent, item_buckets


@settings(deadline=None)
@given(rows=st.lists(st.integers(-1, 9), max_size=40), items=st.sampled_from([10, 100, 10_000]))
def test_every_occurrence_finds_its_item(rows, items):
    """In a catalogue that is small beside the batch, and in one that is large."""
    rows = np.asarray(rows, "int32").reshape(-1, 2 if len(rows) % 2 == 0 else 1)
    found, position = distinct(rows, items)
    assert found.tolist() == sorted(set(rows.ravel().tolist()) - {-1})
    assert position.shape == rows.shape and position.dtype == "int32"
    for row, place in zip(rows.ravel(), position.ravel(), strict=True):
        assert (place == -1) if row == -1 else (found[place] == row)


@pytest.mark.parametrize("items", [3, 1000])
def test_distinct_items_by_hand(items):
    found, position = distinct(np.asarray([[2, -1], [0, 2]]), items)
    assert found.tolist() == [0, 2] and position.tolist() == [[1, -1], [0, 1]]


@settings(deadline=None)
@given(items=st.integers(1, 3_000_000))
def test_buckets_grow_by_a_third_at_most_and_hold_all_items(items):
    buckets = item_buckets(items)
    assert (buckets % 32 == 0).all()
    assert (np.diff(buckets) > 0).all()
    assert items <= buckets[-1] < items + 32
    assert (np.diff(buckets) <= 0.3 * buckets[:-1] + 32).all()
    assert len(buckets) < 50


def test_few_items_are_one_bucket():
    assert item_buckets(5).tolist() == [32]


@settings(deadline=None)
@given(items=st.integers(1, 60), count=st.integers(0, 70), seed=st.integers(0, 99))
def test_absent_items_are_distinct_and_absent(items, count, seed):
    generator = np.random.default_rng(seed)
    present = np.flatnonzero(generator.random(items) < generator.random())
    drawn = draw_absent(present, items, count, generator)
    assert len(set(drawn)) == len(drawn) == min(count, items - len(present))
    assert not set(drawn) & set(present)
    assert ((drawn >= 0) & (drawn < items)).all()


def test_absent_items_are_drawn_uniformly():
    generator = np.random.default_rng(0)
    present = np.asarray([0, 3, 4, 9])
    drawn = [draw_absent(present, 10, 2, generator) for _ in range(6000)]
    share = np.bincount(np.concatenate(drawn), minlength=10) / 6000
    np.testing.assert_allclose(share, [0, 1 / 3, 1 / 3, 0, 0, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 0], atol=0.02)
