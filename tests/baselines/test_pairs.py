"""Pairs of user and item, and of item and item."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfmmrec.baselines.pairs import known_pairs
from tfmmrec.data.pairs import cooccurrences, spans, trained_pairs
from tfmmrec.evaluation import queries_of

COMMON = [[3, 2, 1, 1], [2, 2, 1, 0], [1, 1, 1, 0], [1, 0, 0, 1]]


def test_each_training_pair_once(by_hand):
    user, item = trained_pairs(by_hand)
    assert list(zip(user.tolist(), item.tolist(), strict=True)) == [
        *((0, 0), (0, 1), (0, 2)),
        *((1, 0), (1, 1)),
        *((2, 0), (2, 3)),
    ]


def test_each_known_pair_once(by_hand):
    queries = queries_of(by_hand.test)
    place, item = known_pairs(queries, np.array([3, 1]))  # x knows nothing
    assert (place.tolist(), item.tolist()) == ([1, 1, 1], [0, 1, 2])


@pytest.mark.parametrize("cells", [1, 4, 8, 1000])
def test_users_in_common_by_hand(by_hand, cells):
    blocks = list(cooccurrences(*trained_pairs(by_hand), 4, cells=cells))
    assert [first for first, _ in blocks] == list(range(0, 4, max(1, min(4, cells // 4))))
    np.testing.assert_array_equal(np.concatenate([counts for _, counts in blocks]), COMMON)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), cells=st.sampled_from([1, 24, 30, 100, 10_000]))
def test_users_in_common_are_a_product_of_matrices(drawn, matrix, seed, cells):
    data = drawn(seed)
    met = matrix(data, data.train.rows)
    found = np.zeros((24, 24))
    for first, counts in cooccurrences(*trained_pairs(data), 24, cells=cells):
        assert counts.size <= max(24, cells)
        found[first : first + len(counts)] += counts
    np.testing.assert_array_equal(found, met.T @ met)


@given(sizes=st.lists(st.integers(0, 9)), most=st.integers(1, 12))
def test_spans_are_as_long_as_may_be(sizes, most):
    sizes = np.array(sizes, "int64")
    found = list(spans(sizes, most))
    assert [place for span in found for place in range(span.start, span.stop)] == list(range(len(sizes)))
    for span in found:
        assert sizes[span].sum() <= most or span.stop - span.start == 1
        assert span.stop == len(sizes) or sizes[span.start : span.stop + 1].sum() > most
