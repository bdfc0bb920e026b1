"""Item-kNN: by hand, against dense matrices, and what it cannot be asked for."""

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfmmrec.baselines import ItemKNN, item_knn
from tfmmrec.evaluation import evaluate, queries_of

AB, AC, AD, BC = 2 / math.sqrt(6), 1 / math.sqrt(3), 1 / math.sqrt(3), 1 / math.sqrt(2)


def test_cosines_by_hand(by_hand):
    scores = ItemKNN(by_hand, k=3).scores(queries_of(by_hand.test, "train"), np.arange(4))
    expected = [
        [AB + AC, AB + BC, AC + BC, AD],  # knows a, b, c
        [AB, AB, AC + BC, AD],  # knows a, b
        [AD, AB, AC, AD],  # knows a, d
        [0, 0, 0, 0],  # knows nothing
    ]
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-6)


def test_only_the_nearest_by_hand(by_hand):
    """The nearest: of a it is b, of b it is a, of c it is b, of d it is a."""
    scores = ItemKNN(by_hand, k=1).scores(queries_of(by_hand.test, "train"), np.array([2, 0]))
    np.testing.assert_allclose(scores, [[0, AB, 0, AD], [AB, AB, BC, AD]], rtol=1e-6)


def test_shrinkage_by_hand(by_hand):
    """Two users speak for a and b, one for the others."""
    scores = ItemKNN(by_hand, k=3, shrink=10).scores(queries_of(by_hand.test, "train"), np.array([2]))
    ab, ac = 2 / (math.sqrt(6) + 10), 1 / (math.sqrt(3) + 10)
    np.testing.assert_allclose(scores, [[ac, ab, ac, ac]], rtol=1e-6)


def test_what_is_known_at_test_has_validation_in_it(by_hand):
    knn, chunk = ItemKNN(by_hand, k=3), np.array([1])
    np.testing.assert_allclose(  # knows a, b and c now, but nothing was learnt of that
        knn.scores(queries_of(by_hand.test), chunk), [[AB + AC, AB + BC, AC + BC, AD]], rtol=1e-6
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 1000),
    k=st.integers(1, 30),
    shrink=st.sampled_from([0, 0.5, 20]),
    cells=st.sampled_from([1, 50, 10_000]),
)
def test_it_is_a_product_of_matrices(drawn, matrix, monkeypatch, seed, k, shrink, cells):
    monkeypatch.setattr(item_knn, "CELLS", cells)
    data = drawn(seed)
    met = matrix(data, data.train.rows)
    length = np.sqrt(met.sum(axis=0))
    with np.errstate(invalid="ignore"):
        similarity = np.nan_to_num((met.T @ met) / (np.outer(length, length) + shrink))
    np.fill_diagonal(similarity, 0)
    for row in similarity:
        row[np.argsort(-row, kind="stable")[k:]] = 0
    queries = queries_of(data.test)
    known = matrix(data, queries.histories.rows)
    chunk = np.random.default_rng(seed).permutation(len(queries))[:30]
    found = ItemKNN(data, k, shrink).scores(queries, chunk)
    np.testing.assert_allclose(found, (known @ similarity.T)[queries.users[chunk]], rtol=1e-5, atol=1e-6)


def test_it_finds_who_walks_round_a_circle(small_data):
    """Next comes the item that the histories have the most of the neighbours of."""
    results = evaluate(ItemKNN(small_data, k=5), small_data.test, k=(1, 2))
    assert results.metrics["recall@2"] > 0.9


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "100", None])
def test_neighbours_are_a_number(by_hand, k):
    with pytest.raises(ValueError, match="k is the number of neighbours of an item, 1 or more, such as 100"):
        ItemKNN(by_hand, k=k)


@pytest.mark.parametrize("shrink", [-1, math.nan, math.inf])
def test_shrinkage_is_not_negative(by_hand, shrink):
    with pytest.raises(ValueError, match="shrink is added to a denominator and must be 0 or more"):
        ItemKNN(by_hand, shrink=shrink)
