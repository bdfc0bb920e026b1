"""Nearest items: by hand, against all pairs at once, whatever the size of a block."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.samples import random
from tfmmrec.data.distinct import distinct_pairs
from tfmmrec.graphs.nearest import by_owners, by_vectors, nearest


def whole(blocks):
    return np.concatenate([similarity for _, similarity in blocks])


def test_of_equally_similar_ones_the_lower_row_and_none_that_is_not_similar():
    similarity = np.asarray([[9, 2, 2, 1], [2, 9, 3, -1], [0, 3, 9, 0], [0, -1, 0, 9.0]])
    item, neighbour, value = nearest([(0, similarity[:1].copy()), (1, similarity[1:].copy())], k=2)
    assert list(zip(item.tolist(), neighbour.tolist(), value.tolist(), strict=True)) == [
        *((0, 1, 2.0), (0, 2, 2.0)),
        *((1, 2, 3.0), (1, 0, 2.0)),
        (2, 1, 3.0),
    ]
    item, neighbour, _ = nearest([(0, similarity.copy())], k=1)
    assert list(zip(item.tolist(), neighbour.tolist(), strict=True)) == [(0, 1), (1, 2), (2, 1)]
    assert len(nearest([(0, similarity.copy())], k=9)[0]) == 3 + 2 + 1


@given(seed=st.integers(0, 1000), k=st.integers(1, 9), cells=st.sampled_from([1, 14, 21, 1000]))
def test_they_are_the_first_of_all_in_order(seed, k, cells):
    drawn = np.random.default_rng(seed).integers(0, 3, (7, 2)).astype("float32")  # with many equal ones
    similarity = whole(by_vectors(drawn, cells))
    np.fill_diagonal(similarity, 0)
    expected = []
    for row, values in enumerate(similarity):
        order = sorted(range(7), key=lambda other: (-values[other], other))
        expected += [(row, other) for other in order[:k] if values[other] > 0]
    item, neighbour, _ = nearest(by_vectors(drawn, cells), k)
    assert list(zip(item.tolist(), neighbour.tolist(), strict=True)) == expected


@pytest.mark.parametrize("cells", [1, 11, 100])
def test_cosines_of_vectors(cells):
    vectors = random(5, 3)
    vectors[2, 1] = np.nan
    found = whole(by_vectors(vectors, cells))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    expected = np.nan_to_num(unit @ unit.T)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not found[2].any() and not found[:, 2].any()


@pytest.mark.parametrize("cells", [6, 13, 100])
def test_cosines_by_owners(cells):
    has = np.random.default_rng(0).integers(0, 2, (4, 6))
    has[:, 5] = 0  # nobody's
    owner, item = distinct_pairs(*np.nonzero(has), 6)
    length = np.maximum(np.sqrt(has.sum(0)), 1)
    expected = has.T @ has / (length[:, None] * length)
    np.testing.assert_allclose(whole(by_owners(owner, item, 6, cells)), expected, rtol=1e-6)
