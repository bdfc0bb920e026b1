"""Ranks by hand: ties, masks, candidates, several held-out items, bounded memory."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.evaluation import rank


class Asked:
    """Queries with given targets and histories."""

    def __init__(self, targets, seen):
        self.given, self.met = [sorted(one) for one in targets], [sorted(one) for one in seen]
        self.sizes = np.asarray([len(a) + len(b) for a, b in zip(self.given, self.met, strict=True)])

    def __len__(self):
        return len(self.given)

    def targets_of(self, chunk):
        return pairs([self.given[query] for query in chunk])

    def seen_of(self, chunk):
        return pairs([self.met[query] for query in chunk])


def pairs(lists):
    place = np.repeat(np.arange(len(lists)), [len(one) for one in lists])
    return place, np.asarray([item for one in lists for item in one], "int64")


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
    # one that is asked for and is no candidate comes after them all
    assert places([0.1, 0.9, 0.5, 0.3], [1], candidates=np.array([0, 3])) == ([2], [3, 0, -1, -1])


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
    worst = float("-inf")
    worth = {t: scores[t] if candidates is None or t in candidates else worst for t in targets}
    taken = []
    for target in sorted(targets, key=lambda t: -worth[t]):
        ahead = sum(scores[item] >= worth[target] for item in competing) + len(taken)
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


@pytest.mark.parametrize("memory", [1, 9, 1 << 20])
def test_memory_does_not_change_the_result(memory):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(11, 9)).astype("float32")
    asked = Asked([rng.choice(9, 2, replace=False) for _ in range(11)], [[]] * 11)
    sizes = []

    def score(chunk):
        sizes.append(len(chunk))
        return scores[chunk]

    whole = rank(asked, lambda chunk: scores[chunk], 5, 9)
    again = rank(asked, score, 5, 9, memory=memory)
    assert max(sizes) == min(11, max(1, memory // 9))
    np.testing.assert_array_equal(whole.hits, again.hits)
    np.testing.assert_array_equal(whole.recommended, again.recommended)
    np.testing.assert_array_equal(whole.recommended, np.argsort(-scores, axis=1)[:, :5])


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_scores_must_be_finite(broken):
    with pytest.raises(ValueError, match="scores are not all finite numbers; the training has diverged"):
        places([broken, 1, 2, 3], [0])
