"""Means of items and users, by hand: four training events, with stars, a like and a mood each."""

import numpy as np
import pytest

from tfmmrec.baselines import Bias, bias, choose
from tfmmrec.data import load
from tfmmrec.evaluation import evaluate, queries_of
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match, Multiclass, Rating

EVENTS = """user_id,item_id,split,stars,like,mood
u,a,train,5,1,glad
u,b,train,3,0,sad
u,c,test,2,0,sad
v,a,train,4,1,glad
v,b,valid,2,0,sad
v,c,test,1,,glad
w,c,train,1,0,glad
w,a,test,4,1,glad
x,d,test,3,1,sad
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Tasks → the data; user x is only at test, and so is item d."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "events.csv").write_text(EVENTS)
    (folder / "items.csv").write_text("item_id\na\nb\nc\nd\n")
    return lambda *tasks: load(folder, Schema(tasks=tasks), split="column")


def test_by_hand(prepared):
    """The mean is 3.25; a is .8333 above it, b .125 and c 1.125 below, each with one more label of doubt."""
    data = prepared(Rating("stars"))
    results = evaluate(Bias(data, item=1, user=1), data.test)
    of_user = {"u": 0.791667 / 3, "v": -1.208333 / 3, "w": -1.125 / 2, "x": 0.0}
    expected = [2.125 + of_user["u"], 2.125 + of_user["v"], 4.083333 + of_user["w"], 3.25]
    answers = results.answers["stars"]
    np.testing.assert_allclose(answers.predictions, expected, atol=1e-5)
    assert answers.predictions.dtype == np.float32
    errors = np.subtract(expected, [2, 1, 4, 3])
    assert results.metrics["stars.rmse"] == pytest.approx(np.sqrt((errors**2).mean()), abs=1e-5)
    assert set(results.metrics) == {"stars.rmse", "stars.mae"} and "labels of 4" in results.protocol


def test_what_is_known_of_a_user_is_the_history_that_is_asked_with(prepared):
    data = prepared(Rating("stars"))
    results = evaluate(Bias(data, item=1, user=1), data.test, history="train")
    assert results.answers["stars"].predictions[1] == pytest.approx(2.125 - 0.083333 / 2, abs=1e-5)


def test_nothing_leaves_the_range_of_the_labels(prepared):
    data = prepared(Rating("stars"))
    queries = queries_of(data.test)
    generous = Bias(data, item=0, user=0).predictions(queries, np.array([0, 2]), np.array([0, 2]))["stars"]
    assert generous.tolist() == [pytest.approx(4.75), 1.0]  # u's ratings average .25 above their items'
    data.events.labels["stars"][data.validation.rows] = -100
    assert Bias(data, user=0).predictions(queries, np.array([1]), np.array([2]))["stars"] == 1.0


def test_doubt_leaves_the_weighted_mean(prepared):
    data = prepared(Binary("like", positive_weight=3), Multiclass("mood"))
    doubtful = Bias(data, item=1e9, user=1e9)
    query, item = np.arange(4), np.array([2, 2, 0, 3])
    found = doubtful.predictions(queries_of(data.test), query, item)
    np.testing.assert_allclose(found["like"], 0.75, atol=1e-6)  # (3 + 3) / (3 + 1 + 3 + 1)
    classes = data.vocabulary.tasks["mood"]["classes"]
    shares = [{"glad": 0.75, "sad": 0.25}[name] for name in classes]
    np.testing.assert_allclose(found["mood"], np.tile(shares, (4, 1)), atol=1e-6)


def test_classes_are_shares(prepared):
    data = prepared(Multiclass("mood"))
    found = Bias(data, item=1, user=1).predictions(
        queries_of(data.test), np.arange(4), np.array([2, 2, 0, 3])
    )
    glad = data.vocabulary.tasks["mood"]["classes"].index("glad")
    np.testing.assert_allclose(found["mood"].sum(axis=1), 1, atol=1e-6)
    # a is (.25 + .25) / 3 above .75; c is .25 / 2 above it, so that w's glad c leaves (1 - .875) / 2 to w
    assert found["mood"][2, glad] == pytest.approx(0.75 + 0.5 / 3 + 0.0625, abs=1e-6)


def test_histories_are_read_in_parts(prepared, monkeypatch):
    data = prepared(Rating("stars"))
    whole = evaluate(Bias(data), data.test).answers["stars"].predictions
    monkeypatch.setattr(bias, "_CHUNK", 1)
    np.testing.assert_array_equal(evaluate(Bias(data), data.test).answers["stars"].predictions, whole)


def test_an_error_is_chosen_by_the_least(small_data):
    grid = {"item": (0, 1000), "user": (0, 1000)}
    choice = choose(Bias, small_data, grid, "rating.rmse")
    values = [value for _, value in choice.tried]
    assert min(values) < max(values) and choice.settings == choice.tried[int(np.argmin(values))][0]
    best = choose(Bias, small_data, grid, "like.auc")
    assert best.settings == best.tried[int(np.argmax([value for _, value in best.tried]))][0]
    with pytest.raises(ValueError, match="Bias cannot be chosen by 'ndcg@10'; it has like.auc, "):
        choose(Bias, small_data, grid)


def test_what_it_cannot_learn(prepared):
    data = prepared(Rating("stars"))
    with pytest.raises(ValueError, match="user is added to a denominator and must be 0 or more; got -1"):
        Bias(data, user=-1)
    with pytest.raises(ValueError, match="Bias predicts labels, and the schema has no task with any"):
        Bias(prepared(Match()))
    weights = np.array(data.events.weights["stars"])
    data.events.weights["stars"][data.train.rows] = 0
    with pytest.raises(ValueError, match="all that have a label weigh 0: give some a weight above 0"):
        Bias(data)
    data.events.weights["stars"][:] = weights
    data.events.labels["stars"][data.train.rows] = np.nan
    with pytest.raises(ValueError, match="learns 'stars' from training events, and none of them has a label"):
        Bias(data)
