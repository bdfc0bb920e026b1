"""Maximal marginal relevance: by hand, and as written down in plain numpy."""

import numpy as np
import pytest
import tensorflow as tf

from tfmmrec.export.diversity import maximal_marginal_relevance


def chosen(relevance, there, vectors, diversity, count):
    order = maximal_marginal_relevance(
        tf.constant(relevance, tf.float32),
        tf.constant(there),
        tf.constant(vectors, tf.float32),
        tf.constant(diversity, tf.float32),
        tf.constant(count),
    )
    assert order.dtype == tf.int32
    return order.numpy().tolist()


def by_definition(relevance, there, vectors, diversity, count):
    """One row."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-30)
    order: list[int] = []
    for _ in range(count):
        left = [one for one in np.flatnonzero(there) if one not in order]
        worth = [
            (1 - diversity) * relevance[one]
            - diversity * max((unit[one] @ unit[o] for o in order), default=0)
            for one in left
        ]
        order.append(left[int(np.argmax(worth))] if left else -1)
    return order


def test_by_hand():
    vectors = [[[1, 0], [2, 0], [0, 3], [-1, 0]]]
    relevance, there = [[1, 0.9, 0.5, 0]], [[True] * 4]
    assert chosen(relevance, there, vectors, [0], 4) == [[0, 1, 2, 3]]
    # beside the first: 0.45 − 0.5, which is the first in another length, 0.25 − 0 and 0 + 0.5
    assert chosen(relevance, there, vectors, [0.5], 4) == [[0, 3, 2, 1]]
    assert chosen(relevance, there, vectors, [0.3], 4) == [[0, 2, 1, 3]]  # 0.33, 0.35, 0.3; then 0.33, 0
    assert chosen(relevance, there, vectors, [1], 2) == [[0, 3]]


@pytest.mark.parametrize("seed", range(5))
def test_as_it_is_defined(seed):
    rng = np.random.default_rng(seed)
    relevance = -np.sort(-rng.random((4, 9)), axis=1)
    vectors = rng.normal(size=(4, 9, 3))
    there = rng.random((4, 9)) < [[1], [0.7], [0.3], [0]]
    diversity = rng.random(4)
    order = chosen(relevance, there, vectors, diversity, 6)
    for row in range(4):
        assert order[row] == by_definition(relevance[row], there[row], vectors[row], diversity[row], 6)


def test_zeros_are_like_nothing():
    assert chosen([[1, 0.9, 0.8]], [[True] * 3], [[[1, 0], [1, 0], [0, 0]]], [0.5], 3) == [[0, 2, 1]]
