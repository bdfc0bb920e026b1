"""The best of a list: what the exact index finds when only the list passes."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.index import passing, search
from tfmmrec.retrieval import Exact
from tfmmrec.retrieval.listed import search_listed


def listed(vectors, queries, k, rows, excluded, passes=None):
    found, scores = search_listed(
        tf.constant(vectors, tf.float32),
        tf.constant(queries, tf.float32),
        tf.constant(k, tf.int32),
        tf.constant(rows, tf.int32),
        tf.constant(excluded, tf.int32),
        passes,
    )
    return found.numpy(), scores.numpy()


def test_by_hand():
    vectors = [[1, 0], [3, 0], [2, 0], [2, 0]]
    rows, scores = listed(
        vectors, [[1, 0], [1, 0]], [3, 1], [[3, -1, 2, 0, 2], [1, 2, -1, -1, -1]], [[-1, 0], [1, -1]]
    )
    assert rows.tolist() == [[2, 3, -1], [2, -1, -1]]
    np.testing.assert_array_equal(scores, [[2, 2, np.nan], [2, np.nan, np.nan]])
    rows, _ = listed(vectors, [[1, 0]], [2], [[0, 1, 2]], [[-1]], lambda rows, queries: rows != 1)
    assert rows.tolist() == [[2, 0]]


@settings(max_examples=20)
@given(st.integers(1, 12), st.integers(0, 9), st.integers(0, 5), st.integers(0, 99))
def test_it_finds_what_the_exact_index_finds_of_these(items, columns, barred, seed):
    rng = np.random.default_rng(seed)
    vectors, queries = rng.integers(-2, 3, (items, 3)).astype("float32"), rng.normal(size=(2, 3))
    rows, excluded = rng.integers(-1, items, (2, columns)), rng.integers(-1, items, (2, barred))
    mask = np.zeros((2, items), bool)
    for one in range(2):
        mask[one, rows[one][rows[one] >= 0]] = True
    k = rng.integers(-1, items + 3, 2)
    expected = search(Exact(vectors), queries, k, excluded, passes=passing(mask))
    found = listed(vectors, queries, k, rows, excluded)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5, atol=1e-6)
