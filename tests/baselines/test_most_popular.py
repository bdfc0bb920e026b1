"""The baseline: everybody is recommended what most training events were about."""

import numpy as np
import pytest

from tfmmrec.baselines import MostPopular
from tfmmrec.data import load
from tfmmrec.evaluation import evaluate, queries_of
from tfmmrec.schema import Schema
from tfmmrec.tasks import NextItem


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Three users; in training "a" was met three times, "b" and "c" twice, "d" once."""
    folder = tmp_path_factory.mktemp("data")
    histories = {"u": "abc" + "d" + "e", "v": "abd" + "c" + "c", "w": "ac" + "b" + "d"}
    rows = [f"{user},{item}" for user, items in histories.items() for item in items]
    (folder / "events.csv").write_text("\n".join(["user_id,item_id", *rows, "x,e", "y,e"]) + "\n")
    return load(folder, Schema(tasks=[NextItem()], order="file"))


def test_scores_are_training_popularity_for_everybody(data):
    queries = queries_of(data.test)
    scores = MostPopular(data).scores(queries, np.arange(2))
    assert scores.shape == (2, 5) and scores.dtype == np.float32
    counted = dict(zip(data.item_ids, np.floor(scores[0]).tolist(), strict=True))
    assert counted == {"a": 3, "b": 2, "c": 2, "d": 1, "e": 2}
    assert (np.floor(scores[0]) == np.floor(scores[1])).all()


def test_ties_are_drawn_for_each_query_and_stay_drawn(data):
    queries = queries_of(data.test)
    whole = MostPopular(data).scores(queries, np.arange(3))
    assert (whole[0] != whole[1]).all()
    np.testing.assert_array_equal(whole[2:], MostPopular(data).scores(queries, np.array([2])))
    assert (MostPopular(data, seed=1).scores(queries, np.arange(3)) != whole).all()


def test_what_was_met_is_not_recommended_again(data):
    results = evaluate(MostPopular(data), data.test, k=(1, 2))
    shown = [[data.item_ids[row] for row in rows if row >= 0] for rows in results.recommended]
    # w has met a, c and b, and e is more popular than d; u has only e left; c and e tie for v
    assert shown[0] == ["e"] and sorted(shown[1]) == ["c", "e"] and shown[2] == ["e", "d"]
    assert results.per_query["recall@1"][[0, 2]].tolist() == [1.0, 0.0]
    assert results.metrics["recall@2"] == pytest.approx(1.0)
    assert results.answers == {}
