"""Cells: every item once, none too large, and centres that point where their items do."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.retrieval.cells import BLOCK, cut


def cells_of(found):
    """Each cell's rows, without padding."""
    rows, first, _ = found
    blocks = [rows[start:end].ravel() for start, end in zip(first[:-1], first[1:], strict=True)]
    return [of_cell[of_cell >= 0] for of_cell in blocks]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 90), st.integers(1, 40), st.integers(1, 5), st.integers(0, 3))
def test_every_item_stands_in_one_cell(items, size, width, different):
    vectors = np.random.default_rng(items).integers(-different, different + 1, (items, width))
    found = cut(vectors.astype("float32"), size)
    cells = cells_of(found)
    assert len(cells) == len(found.centres) and found.first[-1] == len(found.rows)
    assert sorted(np.concatenate(cells).tolist()) == list(range(items))
    sizes = np.asarray([len(of_cell) for of_cell in cells])
    assert (sizes > 0).all() and (sizes <= 2 * size).all()
    assert (np.diff(found.first) == -(-sizes // BLOCK)).all()  # no block is empty
    assert np.isfinite(found.centres).all()


def test_by_hand():
    vectors = np.asarray([[3, 0.01], [0, 1], [5, 0], [0, 7]], "float32")
    found = cut(vectors, 2)
    rows = [of_cell.tolist() for of_cell in cells_of(found)]
    order = sorted(range(2), key=rows.__getitem__)
    assert [rows[cell] for cell in order] == [[0, 2], [1, 3]]
    np.testing.assert_allclose(found.centres[order], [[17**0.5, 0.005], [0, 25**0.5]], atol=6e-3)


def test_it_says_how_far_it_is():
    told = []
    cut(np.random.default_rng(0).normal(size=(200, 4)).astype("float32"), 10, lambda *said: told.append(said))
    done, totals = zip(*told, strict=True)
    assert list(done) == sorted(done) and set(totals) == {done[-1]} and done[-1] >= 200
