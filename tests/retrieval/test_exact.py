"""The exact index against numpy: order, ties, exclusion, k."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tfmmrec import retrieval
from tfmmrec.members import make
from tfmmrec.retrieval import Exact, Index

NO_ONE = np.zeros((1, 0), "int32")


def search(index, queries, k, excluded=None, **measure):
    queries = np.asarray(queries, "float32")
    excluded = np.full((len(queries), 1), -1) if excluded is None else excluded
    rows, scores = index.search(
        tf.constant(queries), tf.constant(k, tf.int32), tf.constant(np.asarray(excluded, "int32")), **measure
    )
    return rows.numpy(), scores.numpy()


def by_hand(vectors, query, k, excluded=()):
    scores = vectors @ query
    order = [row for row in np.lexsort((np.arange(len(scores)), -scores)) if row not in set(excluded)]
    return order[:k], scores[order[:k]]


def test_it_is_found_by_its_name_and_shares_a_variable():
    vectors = tf.Variable(np.eye(3, dtype="float32"))
    index = make(retrieval, Index, "exact", vectors=vectors)
    assert isinstance(index, Exact)
    assert index.vectors is vectors
    assert index.resources[0] is vectors
    with pytest.raises(ValueError, match="There is no index 'exakt'. Did you mean 'exact'?"):
        make(retrieval, Index, "exakt", vectors=vectors)


def test_it_ranks_like_numpy_with_a_k_and_exclusions_of_each_row():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 8)).astype("float32")
    queries = rng.normal(size=(4, 8)).astype("float32")
    best = np.argsort(-(queries @ vectors.T), axis=1)
    k = [3, 7, 0, 50]
    excluded = np.full((4, 9), -1)
    excluded[0, :2] = best[0, :2]  # the two best
    excluded[1] = best[1, :9]  # more than k
    excluded[3, 4] = best[3, 10]  # padding may stand anywhere
    rows, scores = search(Exact(vectors), queries, k, excluded)
    assert rows.shape == scores.shape == (4, 50)
    for one in range(4):
        expected, values = by_hand(vectors, queries[one], k[one], excluded[one])
        count = len(expected)
        assert rows[one, :count].tolist() == expected
        np.testing.assert_allclose(scores[one, :count], values, rtol=1e-5)
        assert (rows[one, count:] == -1).all()
        assert np.isnan(scores[one, count:]).all()
    assert (rows[3] >= 0).sum() == 49  # k when k exist, and one of the fifty is excluded


def test_of_equal_scores_the_lower_row_comes_first():
    vectors = np.ones((6, 2), "float32")
    vectors[3] *= 2
    rows, _ = search(Exact(vectors), [[1, 1]], [6])
    assert rows.tolist() == [[3, 0, 1, 2, 4, 5]]


def test_k_beyond_the_catalogue_is_padded():
    rows, scores = search(Exact(np.eye(2)), [[1, 0], [0, 1]], [1, 5])
    assert rows.tolist() == [[0, -1, -1, -1, -1], [1, 0, -1, -1, -1]]
    assert np.isfinite(scores).tolist() == (rows >= 0).tolist()


@pytest.mark.parametrize("k", [[0, 0], [-3, 0]])
def test_nothing_wanted_is_no_columns(k):
    rows, scores = search(Exact(np.eye(2)), [[1, 0], [0, 1]], k)
    assert rows.shape == scores.shape == (2, 0)


def test_a_row_that_does_not_exist_excludes_nothing():
    rows, _ = search(Exact(np.eye(2)), [[1, 0]], [2], [[7, -5]])
    assert rows.tolist() == [[0, 1]]


def test_no_columns_of_exclusions_exclude_nothing():
    rows, _ = search(Exact(np.eye(2)), [[0, 1]], [2], NO_ONE)
    assert rows.tolist() == [[1, 0]]


def test_cosine_does_not_look_at_lengths():
    vectors = np.asarray([[3, 0], [0.1, 0.1], [0, 0], [0, 9]], "float32")
    rows, scores = search(Exact(vectors), [[5, 5]], [4], cosine=True)
    assert rows.tolist() == [[1, 0, 3, 2]]
    np.testing.assert_allclose(scores, [[1, 0.5**0.5, 0.5**0.5, 0]], rtol=1e-6)


def test_it_saves_and_loads(tmp_path):
    index, module = Exact(np.eye(3)), tf.Module()
    module.resources = index.resources
    specs = [
        tf.TensorSpec([None, 3], tf.float32),
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([None, None], tf.int32),
    ]
    cosine = functools.partial(index.search, cosine=True)
    module.search = tf.function(cosine, input_signature=specs)
    tf.saved_model.save(module, str(tmp_path))
    rows, scores = search(tf.saved_model.load(str(tmp_path)), [[0, 2, 0]], [2], [[0]])
    assert rows.tolist() == [[1, 2]]
    np.testing.assert_allclose(scores, [[1, 0]])
