"""Ranks by hand: ties, masks, candidates, several held-out items, bounded memory."""

import numpy as np
import pytest

from tfmmrec.evaluation import evaluate, queries_of, rank
from tfmmrec.recipes.most_popular import MostPopular


class Asked:
    """Queries with given targets and histories."""

    def __init__(self, targets, seen):
        self.given, self.met = targets, seen

    def __len__(self):
        return len(self.given)

    def targets(self, query):
        return np.asarray(self.given[query])

    def seen(self, query):
        return np.asarray(self.met[query], "int64")

    def chunks(self, size):
        for start in range(0, len(self), size):
            yield np.arange(start, min(start + size, len(self)))


def places(scores, targets, seen=(), **settings):
    scores = np.asarray([scores], "float32")
    ranking = rank(
        Asked([targets], [seen]), lambda chunk: scores[chunk].copy(), 4, scores.shape[1], **settings
    )
    return np.flatnonzero(ranking.hits[0]).tolist(), ranking.recommended[0].tolist()


def test_the_place_is_the_number_of_better_items():
    assert places([0.1, 0.9, 0.5, 0.3], [2]) == ([1], [1, 2, 3, 0])


def test_ties_count_against_the_model():
    assert places([1, 1, 1, 1], [0])[0] == [3]
    assert places([1, 1, 0, 0], [1])[0] == [1]


def test_the_history_is_masked_unless_it_is_asked_for():
    assert places([0.1, 0.9, 0.5, 0.3], [3], seen=[1]) == ([1], [2, 3, 0, -1])
    assert places([0.1, 0.9, 0.5, 0.3], [3], seen=[1], mask_history=False)[0] == [2]
    assert places([0.1, 0.9, 0.5, 0.3], [1], seen=[1])[0] == [0]


def test_only_candidates_compete():
    assert places([0.1, 0.9, 0.5, 0.3], [3], candidates=np.array([0, 3])) == ([0], [3, 0, -1, -1])


def test_several_held_out_items_do_not_push_each_other_down_twice():
    assert places([0.9, 0.8, 0.7, 0.6], [0, 2])[0] == [0, 2]
    assert places([0.5, 0.5, 0.1, 0.1], [0, 1])[0] == [0, 1]


@pytest.mark.parametrize("memory", [1, 9, 1 << 20])
def test_memory_does_not_change_the_result(memory):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(11, 9)).astype("float32")
    targets = [rng.choice(9, 2, replace=False) for _ in range(11)]
    asked = Asked(targets, [[] for _ in range(11)])
    whole = rank(asked, lambda chunk: scores[chunk].copy(), 5, 9)
    again = rank(asked, lambda chunk: scores[chunk].copy(), 5, 9, memory=memory)
    np.testing.assert_array_equal(whole.hits, again.hits)
    for query in range(11):  # against sorting, without ties
        best = np.argsort(-scores[query])[:5]
        np.testing.assert_array_equal(whole.hits[query], np.isin(best, targets[query]))
        np.testing.assert_array_equal(whole.recommended[query], best)


def test_scores_must_be_finite():
    with pytest.raises(ValueError, match="not all finite"):
        places([np.nan, 1, 2, 3], [0])


def test_queries_know_only_earlier_splits(small_data):
    events = small_data.events
    for split, last in ((small_data.validation, 0), (small_data.test, 1)):
        queries = queries_of(split)
        assert len(queries) == len(split) == len(small_data.user_ids)
        for query in range(len(queries)):
            (asked,) = queries.events[query]
            history = queries.histories[query]
            assert (history < asked).all()
            assert (events.user[history] == events.user[asked]).all()
            assert events.split[history].max() <= last


def test_without_an_order_a_user_is_one_query(small_sets):
    queries = queries_of(small_sets.test)
    assert len(set(queries.users)) == len(queries)
    assert sum(len(rows) for rows in queries.events) == len(small_sets.test)


def test_an_empty_split_is_explained(small_data):
    with pytest.raises(ValueError, match="cold split has no events"):
        queries_of(small_data.cold)


def test_a_baseline_is_judged_like_a_model(small_data):
    results = evaluate(MostPopular(small_data), small_data.test, k=(3, 5))
    assert set(results.per_query) == {
        f"{m}@{k}" for m in ("recall", "hit_rate", "ndcg", "mrr") for k in (3, 5)
    }
    assert results.metrics["recall@5"] == pytest.approx(results.per_query["recall@5"].mean())
    seen = [set(queries_of(small_data.test).seen(q)) for q in range(len(results.users))]
    assert all(not seen[q] & set(row) for q, row in enumerate(results.recommended.tolist()))
