"""Cells: every item once, none too large, and centres that point where their items do."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.retrieval.cells import cut


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 5), st.integers(0, 3))
def test_every_item_stands_in_one_cell(items, size, width, different):
    vectors = np.random.default_rng(items).integers(-different, different + 1, (items, width))
    rows, centres = cut(vectors.astype("float32"), size)
    assert rows.shape[1] == size and len(centres) == len(rows)
    assert sorted(rows[rows >= 0].tolist()) == list(range(items))
    assert (rows[:, 0] >= 0).all()  # no cell is empty
    assert np.isfinite(centres).all()


def test_by_hand():
    vectors = np.asarray([[3, 0.01], [0, 1], [5, 0], [0, 7]], "float32")
    rows, centres = cut(vectors, 2)
    order = np.argsort(rows[:, 0])
    assert rows[order].tolist() == [[0, 2], [1, 3]]
    np.testing.assert_allclose(centres[order], [[17**0.5, 0.005], [0, 25**0.5]], atol=6e-3)
