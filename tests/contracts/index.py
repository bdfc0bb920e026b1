"""An index: the best of a catalogue, as numpy finds them."""

import functools
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf

from contracts.reads import no_copies
from tfmmrec import retrieval
from tfmmrec.export import check_servable
from tfmmrec.members import make
from tfmmrec.retrieval import Index


def search(index: Any, queries: Any, k: Any, excluded: Any = None, **measure: Any) -> Any:
    """Rows and scores as arrays; `excluded` is nothing by default."""
    queries = np.asarray(queries, "float32")
    excluded = np.full((len(queries), 1), -1) if excluded is None else excluded
    rows, scores = index.search(
        tf.constant(queries), tf.constant(k, tf.int32), tf.constant(np.asarray(excluded, "int32")), **measure
    )
    return rows.numpy(), scores.numpy()


def by_hand(vectors: np.ndarray, query: np.ndarray, k: int, excluded: Any = ()) -> Any:
    """The best rows, of equal ones the lower first, and their scores."""
    scores = vectors @ query
    order = [row for row in np.lexsort((np.arange(len(scores)), -scores)) if row not in set(excluded)]
    return order[:k], scores[order[:k]]


def passing(mask: np.ndarray) -> Any:
    """What `Index.search` asks, of bool ``[B, N]``."""
    return lambda rows, queries: tf.gather(tf.gather(tf.constant(mask), queries), rows, batch_dims=1)


class IndexContract:
    """`component` is the member's class, with `settings` that make it look at every item."""

    component: ClassVar[type[Index]]
    settings: ClassVar[dict[str, Any]] = {}

    @classmethod
    def of(cls, vectors: Any) -> Index:
        return cls.component(vectors, **cls.settings)

    def test_it_is_found_by_its_name(self):
        index = make(retrieval, Index, {"name": self.component.__name__, **self.settings}, vectors=np.eye(3))
        assert isinstance(index, self.component)

    def test_it_keeps_one_copy_of_a_variable(self):
        vectors = tf.Variable(np.eye(3, dtype="float32"))
        assert any(resource is vectors for resource in self.of(vectors).resources)

    def test_its_vectors_are_not_copied_for_a_request(self):
        vectors = tf.Variable(np.random.default_rng(0).normal(size=(50, 8)).astype("float32"))
        index, mask = self.of(vectors), np.ones((2, 50), bool)

        @tf.function
        def asked(queries, k, excluded):
            for settings in ({}, {"cosine": True}, {"passes": passing(mask)}):
                index.search(queries, k, excluded, **settings)

        with no_copies():
            asked.get_concrete_function(
                tf.TensorSpec([2, 8]), tf.TensorSpec([2], tf.int32), tf.TensorSpec([2, None], tf.int32)
            )

    @pytest.mark.parametrize("cosine", [False, True])
    def test_it_ranks_like_numpy_with_a_k_and_exclusions_of_each_row(self, cosine):
        rng = np.random.default_rng(0)
        vectors = rng.normal(size=(50, 8)).astype("float32")
        queries = rng.normal(size=(4, 8)).astype("float32")
        rescaled, asked = vectors, queries
        if cosine:
            rescaled, asked = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (vectors, queries))
        best = np.argsort(-(asked @ rescaled.T), axis=1)
        k = [3, 7, 0, 50]
        excluded = np.full((4, 9), -1)
        excluded[0, :2] = best[0, :2]  # the two best
        excluded[1] = best[1, :9]  # more than k
        excluded[3, 4] = best[3, 10]  # padding may stand anywhere
        for asked_for in (k, [3, 7, 0, 8]):
            rows, scores = search(self.of(vectors), queries, asked_for, excluded, cosine=cosine)
            assert rows.shape == scores.shape == (4, max(asked_for))
            for one in range(4):
                expected, values = by_hand(rescaled, asked[one], asked_for[one], excluded[one])
                count = len(expected)
                assert rows[one, :count].tolist() == expected
                np.testing.assert_allclose(scores[one, :count], values, rtol=1e-5)
                assert (rows[one, count:] == -1).all()
                assert np.isnan(scores[one, count:]).all()
            if asked_for is k:
                assert (rows[3] >= 0).sum() == 49  # k when k exist, and one of the fifty is excluded

    def test_of_equal_scores_the_lower_row_comes_first(self):
        vectors = np.ones((6, 2), "float32")
        vectors[3] *= 2
        index = self.of(vectors)
        assert search(index, [[1, 1]], [6])[0].tolist() == [[3, 0, 1, 2, 4, 5]]
        assert search(index, [[1, 1]], [2])[0].tolist() == [[3, 0]]

    def test_k_beyond_the_catalogue_is_padded(self):
        rows, scores = search(self.of(np.eye(2)), [[1, 0], [0, 1]], [1, 5])
        assert rows.tolist() == [[0, -1, -1, -1, -1], [1, 0, -1, -1, -1]]
        assert np.isfinite(scores).tolist() == (rows >= 0).tolist()

    @pytest.mark.parametrize("k", [[0, 0], [-3, 0]])
    def test_nothing_wanted_is_no_columns(self, k):
        rows, scores = search(self.of(np.eye(2)), [[1, 0], [0, 1]], k)
        assert rows.shape == scores.shape == (2, 0)

    def test_a_row_that_does_not_exist_excludes_nothing(self):
        rows, _ = search(self.of(np.eye(2)), [[1, 0]], [2], [[7, -5]])
        assert rows.tolist() == [[0, 1]]

    def test_no_columns_of_exclusions_exclude_nothing(self):
        rows, _ = search(self.of(np.eye(2)), [[0, 1]], [2], np.zeros((1, 0)))
        assert rows.tolist() == [[1, 0]]

    @pytest.mark.parametrize("cosine", [False, True])
    def test_it_finds_what_passes_and_is_not_excluded(self, cosine):
        rng = np.random.default_rng(1)
        vectors = rng.normal(size=(50, 8)).astype("float32")
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        queries = rng.normal(size=(3, 8)).astype("float32")
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        mask = rng.random((3, 50)) < [[0.5], [0.1], [0.9]]
        excluded = rng.integers(0, 50, (3, 6))
        for k in ([4, 0, 9], [50, 50, 3]):
            rows, scores = search(self.of(vectors), queries, k, excluded, cosine=cosine, passes=passing(mask))
            assert rows.shape == scores.shape == (3, max(k))
            for one in range(3):
                barred = {*np.flatnonzero(~mask[one]), *excluded[one]}
                expected, values = by_hand(vectors, queries[one], k[one], barred)
                assert rows[one].tolist() == [*expected, *[-1] * (max(k) - len(expected))]
                np.testing.assert_allclose(scores[one, : len(expected)], values, rtol=1e-5, atol=1e-6)
                assert np.isnan(scores[one, len(expected) :]).all()

    def test_as_many_as_are_wanted_are_found_where_just_as_many_pass(self):
        rng = np.random.default_rng(2)
        vectors = rng.normal(size=(2000, 4)).astype("float32")
        mask = np.zeros((2, 2000), bool)
        for row in mask:
            row[rng.choice(2000, 50, replace=False)] = True
        queries = rng.normal(size=(2, 4))
        rows, scores = search(self.of(vectors), queries, [50, 50], passes=passing(mask))
        for one in range(2):
            assert sorted(rows[one].tolist()) == np.flatnonzero(mask[one]).tolist()
        assert (np.diff(scores) <= 0).all()

    def test_nothing_passes(self):
        rows, scores = search(self.of(np.eye(2)), [[1, 0]], [2], passes=passing(np.zeros((1, 2), bool)))
        assert rows.tolist() == [[-1, -1]] and np.isnan(scores).all()

    def test_cosine_does_not_look_at_lengths(self):
        vectors = np.asarray([[3, 0], [0.1, 0.1], [0, 0], [0, 9]], "float32")
        rows, scores = search(self.of(vectors), [[5, 5]], [4], cosine=True)
        assert rows.tolist() == [[1, 0, 3, 2]]
        np.testing.assert_allclose(scores, [[1, 0.5**0.5, 0.5**0.5, 0]], rtol=1e-6)

    def test_it_saves_and_loads_and_can_be_served(self, tmp_path):
        index, module = self.of(np.eye(3)), tf.Module()
        module.resources = index.resources
        specs = [
            tf.TensorSpec([None, 3], tf.float32),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None, None], tf.int32),
        ]
        cosine = functools.partial(index.search, cosine=True)
        module.search = tf.function(cosine, input_signature=specs)
        tf.saved_model.save(module, str(tmp_path))
        check_servable(tmp_path)
        rows, scores = search(tf.saved_model.load(str(tmp_path)), [[0, 2, 0]], [2], [[0]])
        assert rows.tolist() == [[1, 2]]
        np.testing.assert_allclose(scores, [[1, 0]])
