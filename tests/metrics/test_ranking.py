"""Ranking measures: values worked out by hand, scikit-learn, and laws that hold for any lists."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from tfmmrec.metrics import hit_rate_at, mrr_at, ndcg_at, precision_at, recall_at

MEASURES = [recall_at, hit_rate_at, precision_at, mrr_at, ndcg_at]

# first: hits at places 2 and 3, one more relevant item not found; second: no hit; third: nothing relevant
HITS = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]], bool)
RELEVANT = np.array([3, 1, 0])


@st.composite
def lists(draw):
    """Some queries' hits and how many items are relevant to each, often more than were found."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 8)))
    row = st.lists(st.booleans(), min_size=shape[1], max_size=shape[1])
    hits = np.array(draw(st.lists(row, min_size=shape[0], max_size=shape[0])), bool)
    missed = draw(st.lists(st.integers(0, 12), min_size=shape[0], max_size=shape[0]))
    return hits, hits.sum(axis=1) + np.array(missed)


@pytest.mark.parametrize(
    ("measure", "k", "expected"),
    [
        (recall_at, 1, 0),
        (recall_at, 2, 1 / 3),
        (recall_at, 4, 2 / 3),
        (hit_rate_at, 1, 0),
        (hit_rate_at, 2, 1),
        (precision_at, 2, 1 / 2),
        (precision_at, 4, 2 / 4),
        (mrr_at, 1, 0),
        (mrr_at, 4, 1 / 2),
        (ndcg_at, 1, 0),
        (ndcg_at, 2, (1 / math.log2(3)) / (1 + 1 / math.log2(3))),
        (ndcg_at, 4, (1 / math.log2(3) + 1 / 2) / (1 + 1 / math.log2(3) + 1 / 2)),
    ],
)
def test_values_worked_out_by_hand(measure, k, expected):
    values = measure(HITS, RELEVANT, k)
    assert values.dtype == np.float64
    np.testing.assert_allclose(values, [expected, 0, np.nan], rtol=1e-12)


def test_one_relevant_item_per_query_from_its_rank():
    rank = np.array([0, 1, 9, 10])
    hits = rank[:, None] == np.arange(10)
    one = np.ones(4, int)
    np.testing.assert_allclose(ndcg_at(hits, one, 10), [1, 1 / math.log2(3), 1 / math.log2(11), 0])
    np.testing.assert_allclose(mrr_at(hits, one, 10), [1, 1 / 2, 1 / 10, 0])
    np.testing.assert_array_equal(recall_at(hits, one, 10), hit_rate_at(hits, one, 10))


def test_ideal_stops_at_the_number_of_relevant_items():
    hits = np.array([[1, 0, 0, 0]], bool)
    np.testing.assert_allclose(ndcg_at(hits, [1], 4), [1.0])
    np.testing.assert_allclose(ndcg_at(hits, [100], 1), [1.0])


@pytest.mark.parametrize("k", [1, 3, 10])
def test_ndcg_agrees_with_scikit_learn_on_full_rankings(k):
    random = np.random.default_rng(0)
    relevance = random.random((50, 10)) < 0.3
    relevance = relevance[relevance.any(axis=1)]
    scores = np.broadcast_to(-np.arange(10.0), relevance.shape)
    ours = ndcg_at(relevance, relevance.sum(axis=1), k)
    theirs = [ndcg_score([row], [score], k=k) for row, score in zip(relevance, scores, strict=True)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_no_query_gives_no_value():
    for measure in MEASURES:
        assert measure(np.zeros((0, 3), bool), np.zeros(0, int), 2).shape == (0,)


@given(lists())
def test_values_stay_between_zero_and_one(case):
    hits, relevant = case
    for measure in MEASURES:
        for k in range(1, hits.shape[1] + 1):
            values = measure(hits, relevant, k)
            np.testing.assert_array_equal(np.isnan(values), relevant == 0)
            assert np.all((values[relevant > 0] >= 0) & (values[relevant > 0] <= 1))


@given(lists())
def test_recall_hit_rate_and_reciprocal_rank_never_fall_with_k(case):
    hits, relevant = case
    for measure in (recall_at, hit_rate_at, mrr_at):
        values = np.stack([measure(hits, relevant, k) for k in range(1, hits.shape[1] + 1)])
        assert np.all(np.diff(values[:, relevant > 0], axis=0) >= 0)


@given(lists(), st.randoms(use_true_random=False))
def test_order_below_the_cut_and_order_of_queries_do_not_matter(case, random):
    hits, relevant = case
    k = random.randint(1, hits.shape[1])
    places = list(range(k)) + random.sample(range(k, hits.shape[1]), hits.shape[1] - k)
    queries = random.sample(range(len(hits)), len(hits))
    for measure in MEASURES:
        expected = measure(hits, relevant, k)
        np.testing.assert_array_equal(measure(hits[:, places], relevant, k), expected)
        np.testing.assert_array_equal(measure(hits[queries], relevant[queries], k), expected[queries])


@given(lists(), st.randoms(use_true_random=False))
def test_order_above_the_cut_matters_to_rank_measures_only(case, random):
    hits, relevant = case
    shuffled = hits[:, random.sample(range(hits.shape[1]), hits.shape[1])]
    best_first = -np.sort(-hits.astype(int), axis=1) > 0
    k = hits.shape[1]
    for measure in (recall_at, hit_rate_at, precision_at):
        np.testing.assert_array_equal(measure(shuffled, relevant, k), measure(hits, relevant, k))
    for measure in (mrr_at, ndcg_at):
        better = measure(best_first, relevant, k)[relevant > 0]
        assert np.all(better >= measure(hits, relevant, k)[relevant > 0] - 1e-12)


@given(lists())
def test_everything_relevant_found_first_is_perfect(case):
    _, relevant = case
    relevant = np.minimum(relevant, 8)
    hits = np.arange(8) < relevant[:, None]
    for measure in (recall_at, hit_rate_at, mrr_at, ndcg_at):
        np.testing.assert_array_equal(measure(hits, relevant, 8)[relevant > 0], 1.0)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("hits", "relevant", "k", "message"),
    [
        (HITS.astype(int), RELEVANT, 2, r"hits must be bool \[queries, places\], got int64 \[3, 4\]"),
        (HITS[0], RELEVANT, 2, r"hits must be bool .* got bool \[4\]"),
        (HITS, RELEVANT[:2], 2, r"relevant must be integers \[3\], .* got int64 \[2\]"),
        (HITS, RELEVANT / 1, 2, r"relevant must be integers .* got float64"),
        (HITS, RELEVANT - 1, 2, r"relevant must not be negative, got -1"),
        (HITS, np.array([1, 1, 0]), 2, r"query 0 has 2 hits and relevant says 1 \(1 such queries\)"),
        (HITS, RELEVANT, 0, r"k must be a whole number from 1 to 4, .* got 0"),
        (HITS, RELEVANT, 5, r"k must be .* got 5\. Recommend more places"),
        (HITS, RELEVANT, 2.0, r"k must be a whole number .* got 2\.0"),
    ],
)
def test_what_does_not_fit_is_refused(measure, hits, relevant, k, message):
    with pytest.raises(ValueError, match=message):
        measure(hits, relevant, k)
