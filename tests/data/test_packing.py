"""Windows side by side in rows of one length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmmrec.data.packing import pack


@given(places=st.integers(1, 30), shares=st.lists(st.floats(0, 1), max_size=60))
def test_no_place_is_taken_twice_and_no_two_rows_would_fit_into_one(places, shares):
    sizes = np.asarray([max(1, round(share * places)) for share in shares], int)
    row, offset = pack(sizes, places)
    taken = np.zeros((row.max(initial=-1) + 1, places), int)
    for size, r, o in zip(sizes, row, offset, strict=True):
        assert 0 <= o <= o + size <= places
        taken[r, o : o + size] += 1
    assert taken.max(initial=0) <= 1
    filled = np.sort(taken.sum(axis=1))
    assert (filled > 0).all()
    # best fit opens a row only where the window fits none, so all rows but one are more than half full
    assert (filled[1:] * 2 > places).all()
    assert (np.diff(taken, axis=1) <= 0).all(), "padding stands at the end"


def test_the_longest_first_each_where_the_least_room_is_left():
    sizes = np.asarray([3, 7, 2, 5, 3, 10])
    row, offset = pack(sizes, 10)
    by_row = [sorted(sizes[row == r].tolist(), reverse=True) for r in range(row.max() + 1)]
    assert sorted(by_row) == [[5, 3, 2], [7, 3], [10]]
    assert offset.tolist() == [7, 0, 8, 0, 5, 0]


def test_a_million_windows_of_few_sizes_fill_their_rows():
    sizes = np.random.default_rng(0).integers(1, 51, 1_000_000)
    row, _ = pack(sizes, 51)
    filled = np.bincount(row, sizes)
    assert filled.max() <= 51 and filled.sum() == sizes.sum()
    assert sizes.sum() / (51 * len(filled)) > 0.999


def test_nothing_takes_no_rows():
    assert [array.tolist() for array in pack(np.zeros(0, int), 5)] == [[], []]


@pytest.mark.parametrize("sizes", [[1, 6], [0, 3]])
def test_sizes_that_fit_no_row_are_refused(sizes):
    with pytest.raises(ValueError, match=f"Sizes must be from 1 to places=5, got {sizes[0]} to {sizes[1]}"):
        pack(np.asarray(sizes), 5)
