"""Ranks among given candidates, by hand and against sorting."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asked import Asked
from tfmmrec.evaluation import Products, rank, rank_given


def places(scores, targets, candidates, k=3):
    scores = np.asarray([scores], "float32")
    ranking = rank_given(
        Asked([targets], [[]]), lambda chunk: scores[chunk], k, scores.shape[1], np.asarray([candidates])
    )
    assert ranking.relevant.tolist() == [len(targets)]
    return np.flatnonzero(ranking.hits[0]).tolist(), ranking.recommended[0].tolist()


def test_only_the_given_compete_and_ties_count_against_the_model():
    assert places([0.1, 0.9, 0.5, 0.3], [3], [0, 2]) == ([1], [2, 3, 0])
    assert places([0.1, 0.9, 0.5, 0.3], [3], [0, -1]) == ([0], [3, 0, -1])
    assert places([1, 1, 1, 1], [0], [1, 2]) == ([2], [1, 2, 0])
    assert places([0.1, 0.9, 0.5, 0.3], [1, 3], [0, 2, 3]) == ([0, 2], [1, 2, 3])  # a target given, too


@given(seed=st.integers(0, 10**6), memory=st.sampled_from([1, 4096, 1 << 28]), levels=st.integers(2, 6))
@settings(max_examples=30, deadline=None)
def test_with_the_whole_catalogue_given_it_is_the_full_ranking(seed, memory, levels):
    generator = np.random.default_rng(seed)
    queries, items = 5, 12
    states = generator.integers(0, levels, (queries, 3)).astype("float32")
    vectors = generator.integers(0, levels, (items, 3)).astype("float32")
    asked = Asked(
        [generator.choice(items, generator.integers(1, 4), replace=False) for _ in range(queries)],
        [[]] * queries,
    )
    everything = np.tile(generator.permutation(items), (queries, 1))
    among = rank_given(asked, Products(states, vectors), 4, items, everything, memory)
    full = rank(asked, Products(states, vectors), 4, items)
    assert np.array_equal(among.hits, full.hits) and np.array_equal(among.relevant, full.relevant)


def test_candidates_must_be_rows_for_each_query():
    asked, scores = Asked([[0]], [[]]), np.zeros((1, 3), "float32")
    for wrong, match in (
        (np.zeros((2, 3), int), r"rows of the catalogue \[1, C\], got int64 \[2, 3\]"),
        (np.zeros((1, 3)), r"\[1, C\], got float64 \[1, 3\]"),
        (np.array([[3]]), "below 3, or −1 for none; got values from 3 to 3"),
        (np.array([[-2]]), "got values from -2 to -2"),
    ):
        with pytest.raises(ValueError, match=match):
            rank_given(asked, lambda chunk: scores[chunk], 2, 3, wrong)
