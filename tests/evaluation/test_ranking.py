"""Ranks by hand: ties, masks, candidates, several held-out items, bounded memory."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asked import Asked
from tfmmrec.evaluation import Products, rank


def places(scores, targets, seen=(), k=4, **settings):
    scores = np.asarray([scores], "float32")
    ranking = rank(Asked([targets], [seen]), lambda chunk: scores[chunk], k, scores.shape[1], **settings)
    assert ranking.relevant.tolist() == [len(targets)]
    return np.flatnonzero(ranking.hits[0]).tolist(), ranking.recommended[0].tolist()


def test_the_place_is_the_number_of_better_items():
    assert places([0.1, 0.9, 0.5, 0.3], [2]) == ([1], [1, 2, 3, 0])
    assert places([0.1, 0.9, 0.5, 0.3], [0], k=3) == ([], [1, 2, 3])


def test_ties_count_against_the_model():
    assert places([1, 1, 1, 1], [0])[0] == [3]
    assert places([1, 1, 0, 0], [1])[0] == [1]
    assert places([0, 0, 0, 0, 0, 0], [0])[0] == []  # a constant score is last and not first


def test_the_history_is_masked_unless_it_is_asked_for():
    assert places([0.1, 0.9, 0.5, 0.3], [3], seen=[1]) == ([1], [2, 3, 0, -1])
    assert places([0.1, 0.9, 0.5, 0.3], [3], seen=[1], mask_history=False)[0] == [2]
    assert places([0.1, 0.9, 0.5, 0.3], [1], seen=[1])[0] == [0]


def test_only_candidates_compete():
    assert places([0.1, 0.9, 0.5, 0.3], [3], candidates=np.array([0, 3])) == ([0], [3, 0, -1, -1])
    # one that is asked for and is no candidate is not recommended, however few compete
    assert places([0.1, 0.9, 0.5, 0.3], [1], candidates=np.array([0, 3])) == ([], [3, 0, -1, -1])
    assert places([0.1, 0.9, 0.5, 0.3], [1, 3], candidates=np.array([3, 0, 0])) == ([0], [3, 0, -1, -1])
    assert places([0.3, 0.9, 0.5, 0.3], [1, 3], candidates=np.array([3, 0]))[0] == [1]  # a tie


def test_several_held_out_items_do_not_push_each_other_down_twice():
    assert places([0.9, 0.8, 0.7, 0.6], [0, 2])[0] == [0, 2]
    assert places([0.5, 0.5, 0.1, 0.1], [0, 1])[0] == [0, 1]
    assert places([0.5, 0.5, 0.5, 0.1], [0, 1])[0] == [1, 2]


def test_more_places_than_items():
    assert places([0.2, 0.1], [1], k=5) == ([1], [0, 1, -1, -1, -1])


SCORES = st.lists(st.lists(st.integers(-2, 2), min_size=6, max_size=6), min_size=1, max_size=5)
ITEMS = st.sets(st.integers(0, 5), max_size=4)


def naive(scores, targets, seen, k, mask_history, candidates):
    """Places of the targets one by one, without an array in sight."""
    competing = [
        item
        for item in range(len(scores))
        if item not in targets
        and (candidates is None or item in candidates)
        and not (mask_history and item in seen)
    ]
    found = [t for t in targets if candidates is None or t in candidates]
    taken = []
    for target in sorted(found, key=lambda t: -scores[t]):
        ahead = sum(scores[item] >= scores[target] for item in competing) + len(taken)
        taken.append(ahead)
    return {place for place in taken if place < k}


@settings(deadline=None, max_examples=200)
@given(
    scores=SCORES,
    data=st.data(),
    k=st.integers(1, 7),
    mask_history=st.booleans(),
    candidates=st.none() | st.sets(st.integers(0, 5), min_size=1),
    memory=st.sampled_from([1, 6000, 1 << 20]),
)
def test_against_a_naive_loop(scores, data, k, mask_history, candidates, memory):
    scores = np.asarray(scores, "float32")
    targets = [data.draw(ITEMS.filter(bool)) for _ in scores]
    seen = [data.draw(ITEMS) for _ in scores]
    competing = None if candidates is None else np.asarray(sorted(candidates))
    ranking = rank(Asked(targets, seen), lambda chunk: scores[chunk], k, 6, mask_history, competing, memory)
    for query, line in enumerate(scores):
        expected = naive(line, targets[query], seen[query], k, mask_history, candidates)
        assert set(np.flatnonzero(ranking.hits[query])) == expected
        allowed = [
            item
            for item in sorted(range(6), key=lambda item: (-line[item], item))
            if (candidates is None or item in candidates)
            and not (mask_history and item in seen[query] - targets[query])
        ]
        shown = [item for item in ranking.recommended[query] if item >= 0]
        assert len(shown) == min(k, len(allowed)) and set(shown) <= set(allowed)
        assert [line[item] for item in shown] == [line[item] for item in allowed[:k]]


def dense(scores, targets, seen, k, mask_history, competing):
    """The same by sorting whole lines: hits, and what is recommended."""
    queries, items = scores.shape
    hits, recommended = np.zeros((queries, k), bool), np.full((queries, k), -1)
    barred = np.setdiff1d(np.arange(items), competing)
    for query, line in enumerate(scores.astype("float64")):
        asked = np.asarray(sorted(targets[query]))
        line[barred] = -np.inf
        hidden = line.copy()
        if mask_history:
            hidden[list(seen[query])] = -np.inf
        hidden[asked] = line[asked]
        allowed = [item for item in np.argsort(-hidden, kind="stable") if hidden[item] > -np.inf]
        recommended[query, : min(k, len(allowed))] = allowed[:k]
        others = hidden.copy()
        others[asked] = -np.inf
        found = np.sort(line[np.intersect1d(asked, competing)])[::-1]
        ahead = [(others >= score).sum() for score in found]
        places = np.asarray(ahead, "int64") + np.arange(len(found))
        hits[query, places[places < k]] = True
    return hits, recommended


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    items=st.integers(1, 130),
    k=st.integers(1, 40),
    levels=st.sampled_from([1, 2, 4, 1000]),
    ordered=st.sampled_from([0, 1, -1]),
    mask_history=st.booleans(),
    some=st.booleans(),
    memory=st.sampled_from([1, 1 << 14, 1 << 16, 1 << 28]),
)
def test_products_against_sorting(seed, items, k, levels, ordered, mask_history, some, memory):
    """Whole numbers, so that products are exact. Few levels are many ties; order is the worst for blocks."""
    rng = np.random.default_rng(seed)
    vectors = rng.integers(-levels, levels + 1, (items, 3)).astype("float32")
    states = rng.integers(-2, 3, (7, 3)).astype("float32")
    if ordered:
        vectors, states = np.sort(vectors, axis=0)[::ordered].copy(), np.abs(states)
    targets = [set(rng.integers(0, items, rng.integers(1, 6)).tolist()) for _ in states]
    seen = [set(rng.integers(0, items, rng.integers(0, 30)).tolist()) for _ in states]
    competing = np.unique(rng.integers(0, items, 1 + items // 2)) if some else np.arange(items)
    given = (k, items, mask_history, competing if some else None, memory)
    expected = dense(states @ vectors.T, targets, seen, k, mask_history, competing)
    for score in (Products(states, vectors), lambda chunk: states[chunk] @ vectors.T):
        ranking = rank(Asked(targets, seen), score, *given)
        np.testing.assert_array_equal(ranking.recommended, expected[1])
        np.testing.assert_array_equal(ranking.hits, expected[0])


def test_of_equal_items_the_first_are_recommended():
    vectors, states = np.ones((5000, 4), "float32"), np.zeros((3, 4), "float32")
    asked = Asked([[0], [4999], [2]], [[1], [], [0, 1, 3]])
    ranking = rank(asked, Products(states, vectors), 3, 5000)
    assert ranking.recommended.tolist() == [[0, 2, 3], [0, 1, 2], [2, 4, 5]]
    assert not ranking.hits.any()


OVERHEAD = 1 << 17
"""Bytes that Python and NumPy take whatever the memory: small objects and the buffers of loops."""


@pytest.mark.parametrize("memory", [1 << 19, 1 << 21])
@pytest.mark.parametrize("whole_lines", [False, True])
def test_memory_stays_within_its_bound(memory, whole_lines):
    """Scores take many times the bound, and come in the worst order: each better than all before."""
    queries, items, k = 100, 32_000, 10
    rng = np.random.default_rng(0)
    vectors = np.sort(rng.normal(size=items)).astype("float32")[:, None] * np.ones(8, "float32")
    states = np.abs(rng.normal(size=(queries, 8))).astype("float32")
    assert 4 * queries * items > 6 * memory and 4 * items < memory
    asked = Asked(rng.integers(0, items, (queries, 1)), rng.integers(0, items, (queries, 50)))
    sizes = []

    def lines(chunk):
        sizes.append(len(chunk))
        return states[chunk] @ vectors.T

    score = lines if whole_lines else Products(states, vectors)
    tracemalloc.start()
    try:
        ranking = rank(asked, score, k, items, memory=memory)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    results = queries * (9 * k + 8)
    assert peak < memory + results + OVERHEAD
    assert not whole_lines or 1 < max(sizes) < memory // (4 * items)
    again = rank(asked, lambda chunk: states[chunk] @ vectors.T, k, items, memory=1 << 28)
    np.testing.assert_array_equal(ranking.hits, again.hits)
    assert (ranking.recommended >= items - 70).all()


def test_a_long_history_makes_a_chunk_of_its_own():
    """Events are part of the memory: a chunk of many queries with long histories would not fit."""
    chunks = []

    class Watched(Asked):
        def seen_of(self, chunk):
            chunks.append(len(chunk))
            return super().seen_of(chunk)

    asked = Watched([[0]] * 40, [range(64)] * 30 + [range(2000)] * 10)
    vectors, states = np.arange(4000, dtype="float32")[:, None], np.ones((40, 1), "float32")
    rank(asked, Products(states, vectors), 2, 4000, memory=300_000)
    assert sum(chunks) == 40 and max(chunks[:2]) > 5 and set(chunks[-9:]) == {1}


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_scores_must_be_finite(broken):
    with pytest.raises(ValueError, match="scores are not all finite numbers; the training has diverged"):
        places([broken, 1, 2, 3], [0])


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e30])
def test_products_must_be_finite(broken):
    states, vectors = np.full((2, 3), 1e20, "float32"), np.full((4, 3), broken, "float32")
    for pair in ((states, vectors), (vectors, states)):
        with pytest.raises(ValueError, match="scores are not all finite numbers; the training has diverged"):
            Products(*pair)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"must be of one width, got \[2, 3\] and \[4, 5\]"):
        Products(np.zeros((2, 3)), np.zeros((4, 5)))
    with pytest.raises(ValueError, match=r"one score for each query and item, \[1, 4\], got \[4\]"):
        rank(Asked([[1]], [[]]), lambda chunk: np.zeros(4), 2, 4)
    with pytest.raises(ValueError, match="candidates must name at least one row of the catalogue"):
        places([1, 2, 3, 4], [0], candidates=np.zeros(0, int))


@pytest.mark.parametrize(
    ("candidates", "match"),
    [
        ([0, 1, -1], r"from 0 to 3; got values from -1 to 1\. Only in candidates \[Q, C\], .* is −1 none"),
        ([0, 4], "from 0 to 3; got values from 0 to 4"),
        ([True, False, True, False], r"whole numbers \[C\], got bool \[4\]; np.flatnonzero makes rows"),
    ],
)
def test_candidates_are_rows(candidates, match):
    with pytest.raises(ValueError, match=match):
        places([1, 2, 3, 4], [0], candidates=np.asarray(candidates))
