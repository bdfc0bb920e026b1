"""EASE^R: by hand, as the regressions it is short for, and what is too large for it."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfmmrec.baselines import EASE
from tfmmrec.evaluation import evaluate, queries_of

# columns: the ridge regression of a on b, c and d; of b on a, c and d; …, each solved on paper with l2 = 1
WEIGHTS = [
    [0, 1 / 2, 2 / 13, 5 / 13],
    [3 / 5, 0, 3 / 13, -3 / 13],
    [1 / 5, 1 / 4, 0, -1 / 13],
    [1 / 2, -1 / 4, -1 / 13, 0],
]


def test_weights_by_hand(by_hand):
    ease = EASE(by_hand, l2=1)
    assert ease.weights.dtype == np.float32
    np.testing.assert_allclose(ease.weights, WEIGHTS, rtol=1e-6)
    assert (np.diag(ease.weights) == 0).all()


def test_scores_by_hand(by_hand):
    ease, weights = EASE(by_hand, l2=1), np.array(WEIGHTS)
    a, b, c, d = weights
    known = [c * 0, a + d, a + b]  # by x, w and v, who met b twice
    scores = ease.scores(queries_of(by_hand.test, "train"), np.array([3, 2, 1]))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, known, rtol=1e-6)
    with_validation = ease.scores(queries_of(by_hand.test), np.array([2]))
    np.testing.assert_allclose(with_validation, [a + b + d], rtol=1e-6, atol=1e-7)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), l2=st.sampled_from([0.1, 1, 30.0]))
def test_each_item_is_a_ridge_regression_on_the_others(drawn, matrix, seed, l2):
    data = drawn(seed)
    met = matrix(data, data.train.rows)
    weights = EASE(data, l2).weights
    for item in range(24):
        others = np.delete(np.arange(24), item)
        left = met[:, others].T @ met[:, others] + l2 * np.eye(23)
        alone = np.linalg.solve(left, met[:, others].T @ met[:, item])
        np.testing.assert_allclose(weights[others, item], alone, rtol=1e-4, atol=1e-6)
    assert (np.diag(weights) == 0).all()


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), l2=st.sampled_from([0.1, 1, 30.0]))
def test_beside_the_ridge_without_the_constraint(drawn, matrix, seed, l2):
    """That one, S, leaves I − S = l2 · P; the constraint only divides its columns by the diagonal."""
    data = drawn(seed)
    met = matrix(data, data.train.rows)
    gram = met.T @ met
    free = np.linalg.solve(gram + l2 * np.eye(24), gram)
    left = np.eye(24) - free
    assert np.diag(free).max() > 0  # an item explains itself, which EASE forbids
    np.testing.assert_allclose(
        EASE(data, l2).weights, np.eye(24) - left / np.diag(left), rtol=1e-4, atol=1e-6
    )
    queries = queries_of(data.test)
    chunk = np.random.default_rng(seed).permutation(len(queries))[:30]
    known = matrix(data, queries.histories.rows)[queries.users[chunk]]
    found = EASE(data, l2).scores(queries, chunk)
    np.testing.assert_allclose(found, known @ EASE(data, l2).weights, rtol=1e-4, atol=1e-5)


def test_it_finds_who_walks_round_a_circle(small_data):
    assert evaluate(EASE(small_data, l2=10), small_data.test, k=(2,)).metrics["recall@2"] > 0.9


def test_a_catalogue_too_large_is_refused_before_anything_is_computed(small_data):
    with pytest.raises(ValueError, match=r"up to 20 of them; the catalogue has 24, .* Take ItemKNN, or"):
        EASE(small_data, most_items=20)
    EASE(small_data, most_items=24)


@pytest.mark.parametrize("l2", [0, -1, math.nan, math.inf])
def test_the_penalty_is_positive(by_hand, l2):
    with pytest.raises(ValueError, match="l2 is the penalty and must be positive, such as 100"):
        EASE(by_hand, l2=l2)
