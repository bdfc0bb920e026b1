"""Candidates in another order: by weights, by diversity, by both; and as they are."""

import types

import numpy as np
import pytest
import tensorflow as tf

from export import world
from export.world import CANDIDATES, HISTORIES, ITEMS, call, text
from tfmmrec.export.reordering import Reordering

NAN = float("nan")
NAMES = types.SimpleNamespace(weights={"score": "weight_score", "like": "weight_like"})
VECTORS = tf.Variable([[1.0, 0], [2, 0], [0, 1], [1, 1]])
LIKES = tf.constant([0.1, 0.9, 0.5, 0.5])


def judge(rows):
    return {"like": tf.where(rows >= 0, tf.gather(LIKES, tf.maximum(rows, 0)), NAN), "mood": rows}


def request(k, weight_score=NAN, weight_like=NAN, diversity=NAN):
    given = {"weight_score": weight_score, "weight_like": weight_like, "diversity": diversity}
    rows = {name: tf.constant(np.broadcast_to(value, len(k)), tf.float32) for name, value in given.items()}
    return {"k": tf.constant(k), **rows}


def ordered(asked, rows=((0, 1, 2, 3),), scores=((4.0, 3, 1, 0),)):
    found, of = Reordering(NAMES, VECTORS, 3).order(asked, tf.constant(rows), tf.constant(scores), judge)
    return found.numpy().tolist(), of.numpy().tolist()


def test_more_is_found_only_where_it_is_put_into_another_order():
    asked = request(
        [1, 1, 1, 0, 9, 1], weight_like=[NAN, 0, NAN, 1, 1, NAN], diversity=[NAN, NAN, 0.1, 1, 1, 0]
    )
    assert Reordering(NAMES, VECTORS, 3).wanted(asked).numpy().tolist() == [1, 3, 3, 0, 9, 1]
    assert Reordering(NAMES, VECTORS, 99).wanted(asked).numpy().tolist() == [
        1,
        4,
        4,
        0,
        9,
        1,
    ]  # four there are


def test_as_they_are():
    assert ordered(request([2])) == ([[0, 1]], [[4, 3]])
    assert ordered(request([-1])) == ([[]], [[]])
    assert ordered(request([0], weight_like=1, diversity=0.5)) == ([[]], [[]])


def test_by_the_weighted_sum_by_hand():
    assert ordered(request([4], weight_like=1)) == ([[1, 2, 3, 0]], [[3, 1, 0, 4]])  # of 2 and 3 by score
    assert ordered(request([2], weight_like=-1)) == ([[0, 2]], [[4, 1]])
    # scores lie at 1, 0.75, 0.25 and 0: 1.1, 1.65, 0.75, 0.5
    assert ordered(request([4], weight_score=1, weight_like=1))[0] == [[1, 0, 2, 3]]
    assert ordered(request([4], weight_score=4, weight_like=1))[0] == [[0, 1, 2, 3]]
    assert ordered(request([4], weight_score=0, weight_like=0))[0] == [[0, 1, 2, 3]]


def test_what_is_none_stays_last_and_rows_do_not_see_each_other():
    rows, scores = ((2, 1, -1, -1), (0, 1, 2, -1)), ((3.0, 1, NAN, NAN), (7.0, 6, 5, NAN))
    found, of = ordered(request([4, 2], weight_like=[-1, NAN], diversity=[NAN, 0.9]), rows, scores)
    assert found == [[2, 1, -1, -1], [0, 2, -1, -1]]
    np.testing.assert_array_equal(of, [[3, 1, NAN, NAN], [7, 5, NAN, NAN]])


def test_diversity_begins_with_the_best_by_weights():
    assert ordered(request([4], diversity=0.5))[0] == [[0, 2, 1, 3]]  # 0.375 − 0.5, 0.125 − 0, 0 − 0.35, …
    assert ordered(request([2], diversity=1))[0] == [[0, 2]]
    assert ordered(request([2], diversity=7))[0] == [[0, 2]]  # as 1
    assert ordered(request([2], diversity=-7))[0] == [[0, 1]]  # as 0
    assert ordered(request([2], diversity=1, weight_like=1))[0] == [[1, 2]]


def test_equal_scores_are_no_trouble():
    scores = ((2.0, 2, 2, 2),)
    assert ordered(request([4], weight_score=1), scores=scores)[0] == [[0, 1, 2, 3]]
    assert ordered(request([4], diversity=0.5), scores=scores)[0][0][:2] == [0, 2]


def candidates(data, **asked):
    """What is put into another order: an answer's best, as many as an export's candidates."""
    answer = call(world.shop_export(), "recommend", k=[CANDIDATES], **asked)
    found = [item for item in text(answer["item_id"])[0] if item]
    return found, {name: value[0, : len(found)] for name, value in answer.items()}


@pytest.mark.parametrize(
    "weights", [{"score": 0.3, "like": 2.0}, {"score_": -0.5}, {"like": -1.0, "score_": 0.1}]
)
def test_a_served_answer_in_the_order_of_its_own_values(weights):
    who = {"user_id": ["dan"], "exclude_seen": [True], "exclude": [["x"]]}
    found, best = candidates(world.shop()[0], **who)
    assert not set(found) & {"x", *(ITEMS[item] for item in HISTORIES[3])}
    low, high = best["score"].min(), best["score"].max()
    values = {**best, "score": (best["score"] - low) / (high - low)}
    order = np.argsort(-sum(weight * values[name] for name, weight in weights.items()), kind="stable")[:4]
    given = {f"weight_{name}": [weight] for name, weight in weights.items()}
    answer = call(world.shop_export(), "recommend", **who, k=[4], **given)
    assert text(answer["item_id"])[0] == [found[place] for place in order]
    for name in ("score", "like", "score_", "outcome"):  # answers belong to their items
        np.testing.assert_allclose(answer[name][0], best[name][order], atol=1e-5)


def test_a_served_answer_that_is_diverse():
    data, _ = world.shop()
    found, best = candidates(data, user_id=["dan"], filter_price=[[None, 13.5]])
    row = {item: number for number, item in enumerate(data.item_ids)}
    vectors = world.vectors(world.shop)[[row[item] for item in found]]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = unit @ unit.T
    relevance = (best["score"] - best["score"].min()) / np.ptp(best["score"])
    order = [0]
    while len(order) < 5:
        left = [one for one in range(len(found)) if one not in order]
        order.append(max(left, key=lambda one: 0.3 * relevance[one] - 0.7 * cosine[one, order].max()))
    asked = {"user_id": ["dan"], "filter_price": [[None, 13.5]], "diversity": [0.7]}
    answer = call(world.shop_export(), "recommend", k=[5], **asked)
    assert text(answer["item_id"])[0] == [found[place] for place in order]
    assert order != [0, 1, 2, 3, 4]
    np.testing.assert_allclose(answer["score"][0], best["score"][order], atol=1e-5)
