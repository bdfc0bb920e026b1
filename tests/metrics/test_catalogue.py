"""Catalogue measures: values worked out by hand, slow formulas, and laws that hold for any lists."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfmmrec.metrics import catalogue, coverage, diversity, gini, novelty, popularity_share

ITEMS = 7
RECOMMENDED = np.array([[0, 1], [1, 2], [-1, 1], [-1, -1]])


@st.composite
def lists(draw):
    places = draw(st.integers(1, 5))
    row = st.lists(st.integers(-1, ITEMS - 1), min_size=places, max_size=places)
    return np.array(draw(st.lists(row, min_size=1, max_size=6)))


def test_coverage_counts_distinct_items():
    assert coverage(RECOMMENDED, 3) == 1.0
    assert coverage(RECOMMENDED, 12) == 0.25
    assert coverage(np.full((2, 3), -1), 4) == 0.0


def test_gini_of_equal_and_of_one_sided_recommendations():
    assert gini(np.array([[0, 1], [2, 3]]), 4) == 0.0
    assert gini(np.array([[2], [2]]), 4) == pytest.approx(3 / 4)
    # counts 1, 3 of 2 items: (−1·1 + 1·3) / (2·4)
    assert gini(np.array([[0], [1], [1], [1]]), 2) == pytest.approx(1 / 4)
    assert np.isnan(gini(np.array([[-1]]), 4))


@given(lists())
def test_gini_is_half_the_mean_difference_over_the_mean(recommended):
    counts = np.array([(recommended == item).sum() for item in range(ITEMS)])
    if counts.sum():
        spread = np.abs(counts[:, None] - counts).mean() / (2 * counts.mean())
        assert gini(recommended, ITEMS) == pytest.approx(spread, abs=1e-12)


def test_novelty_is_mean_self_information_in_bits():
    # shares of events 1/2, 1/4, 1/8, 1/8: 1, 2, 3 and 3 bits
    values = novelty(RECOMMENDED, np.array([8, 4, 2, 2]))
    np.testing.assert_allclose(values, [1.5, 2.5, 2.0, np.nan])


def test_an_item_without_events_counts_as_if_it_had_one():
    np.testing.assert_allclose(novelty([[0], [1], [2]], [0, 1, 7]), [3, 3, 3 - np.log2(7)])


def test_popularity_share_of_the_head():
    counts = np.array([5, 9, 1, 1, 0], dtype=np.uint8)
    np.testing.assert_allclose(popularity_share(RECOMMENDED, counts), [0.5, 0.5, 1.0, np.nan])
    np.testing.assert_allclose(popularity_share(RECOMMENDED, counts, head=0.21), [1.0, 0.5, 1.0, np.nan])
    np.testing.assert_allclose(popularity_share(RECOMMENDED, counts, head=1), [1.0, 1.0, 1.0, np.nan])
    # equally popular items: the lower index comes first
    np.testing.assert_allclose(popularity_share([[2], [3]], counts, head=0.6), [1.0, 0.0])


def test_diversity_of_known_angles():
    vectors = np.array([[2.0, 0], [0, 0.5], [-1, 0], [3, 0], [0, 0]])
    lists_of_items = [[0, 1, -1], [0, 2, -1], [0, 3, -1], [0, 1, 2], [0, 4, 1], [0, 4, -1], [-1, -1, -1]]
    expected = [1, 2, 0, (1 + 2 + 1) / 3, 1, np.nan, np.nan]
    np.testing.assert_allclose(diversity(lists_of_items, vectors), expected, atol=1e-12)


def pairwise(items, vectors):
    usable = [vectors[item] for item in items if item >= 0 and vectors[item].any()]
    pairs = [1 - a @ b / np.sqrt(a @ a) / np.sqrt(b @ b) for a, b in combinations(usable, 2)]
    return np.mean(pairs) if pairs else np.nan


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_diversity_equals_the_mean_over_pairs(dtype, monkeypatch):
    monkeypatch.setattr(catalogue, "GATHERED", 100)  # three lists at a time
    random = np.random.default_rng(0)
    vectors = (10 * random.normal(size=(30, 6))).astype(dtype)
    vectors[3] = 0
    recommended = random.integers(-1, 30, size=(20, 5))
    expected = [pairwise(items, vectors.astype(float)) for items in recommended]
    np.testing.assert_allclose(diversity(recommended, vectors), expected, atol=1e-9)


@given(lists(), st.randoms(use_true_random=False))
def test_bounds_and_order_within_a_list(recommended, random):
    shuffled = recommended[:, random.sample(range(recommended.shape[1]), recommended.shape[1])]
    counts = np.arange(ITEMS) ** 2
    vectors = np.cos(np.outer(np.arange(ITEMS), [1.0, 2.0, 3.0]))
    filled = (recommended >= 0).sum(axis=1)
    for measure, extra, bound, enough in (
        (novelty, counts, np.log2(counts.sum()), 1),
        (popularity_share, counts, 1, 1),
        (diversity, vectors, 2, 2),
    ):
        values = measure(recommended, extra)
        np.testing.assert_array_equal(np.isnan(values), filled < enough)
        assert np.all((values >= 0) & (values <= bound + 1e-12) | np.isnan(values))
        np.testing.assert_allclose(measure(shuffled, extra), values, atol=1e-9)
    for measure in (coverage, gini):
        np.testing.assert_array_equal(measure(shuffled, ITEMS), measure(recommended, ITEMS))
    assert 0 <= coverage(recommended, ITEMS) <= min(1, filled.sum() / ITEMS)


@given(lists())
def test_scaling_vectors_changes_no_angle(recommended):
    vectors = np.cos(np.outer(np.arange(ITEMS), [1.0, 2.0, 3.0]))
    scaled = vectors * (1 + np.arange(ITEMS))[:, None]
    np.testing.assert_allclose(diversity(recommended, scaled), diversity(recommended, vectors), atol=1e-9)


def test_no_list_gives_no_value():
    none = np.zeros((0, 3), int)
    assert coverage(none, 2) == 0.0
    assert novelty(none, [1, 1]).shape == diversity(none, np.ones((2, 2))).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: coverage(RECOMMENDED, 2), r"indices from 0 to 1, or -1 .* got -1 to 2"),
        (lambda: coverage(RECOMMENDED - 1, 3), r"indices from 0 to 2, or -1 .* got -2 to 1"),
        (lambda: coverage(RECOMMENDED[0], 3), r"must be integers \[queries, places\], got .* \[2\]"),
        (lambda: coverage(RECOMMENDED / 1, 3), r"recommended must be integers .* got float64"),
        (lambda: gini(RECOMMENDED, 0), r"at least one item, got 0"),
        (lambda: novelty(RECOMMENDED, [0.5, 0.25, 0.25]), r"popularity_counts must be integers \[items\]"),
        (lambda: novelty(RECOMMENDED, [3, -2, 1]), r"popularity_counts must not be negative, got -2"),
        (lambda: novelty(RECOMMENDED, [0, 0, 0]), r"popularity_counts must hold an event"),
        (lambda: novelty(RECOMMENDED, [1, 1]), r"indices from 0 to 1"),
        (lambda: popularity_share(RECOMMENDED, [1, 1, 1], head=20), r"head must be above 0 .* got 20"),
        (lambda: diversity(RECOMMENDED, np.ones(3)), r"vectors must be numbers \[items, width\]"),
        (lambda: diversity(RECOMMENDED, np.array([["a"]] * 3)), r"vectors must be numbers"),
        (lambda: diversity(RECOMMENDED, [[1, 2], [np.nan, 1], [np.inf, 0]]), r"2 rows hold NaN.* row 1"),
        (lambda: diversity(RECOMMENDED, np.full((3, 2), 1e200)), r"3 rows hold .* far too large.* row 0"),
        (lambda: diversity(RECOMMENDED, np.ones((2, 4))), r"indices from 0 to 1"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
