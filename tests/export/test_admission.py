"""What a request allows, beside filters and exclusions."""

import numpy as np
import pytest
import tensorflow as tf

from export import world
from export.world import HISTORIES, ITEMS, call, text
from tfmmrec.export import admission
from tfmmrec.export.admission import Admission
from tfmmrec.retrieval import Exact


def recommended(**request):
    answer = call(world.shop_export(), "recommend", **request)
    return [[item for item in row if item] for row in text(answer["item_id"])]


def test_only_what_is_allowed_is_found_best_first():
    (everything,) = recommended(user_id=["dan"], k=[10])
    allow = ["x", "no such item", "", "é", "z", "x", "a,b"]
    assert recommended(user_id=["dan"], k=[10], allow=[allow]) == [[i for i in everything if i in allow]]
    assert recommended(user_id=["dan"], k=[2], allow=[allow]) == [[i for i in everything if i in allow][:2]]


def test_unknown_ids_alone_allow_nothing_and_padding_everything():
    answer = recommended(user_id=["dan"] * 3, k=[10, 10, 3], allow=[["no such item", ""], [""], ["x", "z"]])
    assert [len(found) for found in answer] == [0, 10, 2]
    assert recommended(user_id=["dan"], k=[4], allow=[["no such item"]]) == [[]]


@pytest.mark.parametrize("beside", [[], [""]], ids=["every row allows", "one allows all"])
def test_exclusions_and_filters_hold_among_what_is_allowed(beside):
    request = {
        "user_id": ["ann", *beside],
        "k": [10] * (1 + len(beside)),
        "exclude_seen": [True] * (1 + len(beside)),
        "allow": [ITEMS, *([] for _ in beside)],
        "exclude": [["y"], *([] for _ in beside)],
        "filter_price": [[None, 13.5], *([None, None] for _ in beside)],
    }
    found = recommended(**request)[0]
    seen = {ITEMS[item] for item in HISTORIES[0]}
    assert set(found) == set(ITEMS[:9]) - seen - {"y"}  # the price of number 9 is 14


def test_short_lists_are_scored_alone_and_long_ones_by_the_index(monkeypatch):
    """Both ways find the same; which of them is taken depends on rows that want something."""
    rng = np.random.default_rng(0)
    vectors = tf.Variable(rng.normal(size=(30, 4)).astype("float32"))
    queries = tf.constant(rng.normal(size=(3, 4)), tf.float32)
    nothing = type(
        "Nothing", (), {"specs": dict, "passing": lambda *_: [], "given": lambda *_: tf.constant(False)}
    )
    asked = []

    class Index(Exact):
        def search(self, *given, **restricted):
            asked.append("passes" in restricted)
            return super().search(*given, **restricted)

    def find(ids):
        return tf.strings.to_number(tf.where(ids == "", "-1", ids), tf.int32)

    one = Admission(Index(vectors), vectors, find, nothing())
    excluded = tf.constant([[3], [-1], [-1]])

    def search(allow, k):
        asked.clear()
        rows, scores = one.search({"allow": tf.constant(allow)}, queries, tf.constant(k), excluded)
        return rows.numpy().tolist(), scores.numpy().tolist(), asked[:]

    allow = [["3", "4", "4", "9"], ["7", "", "", ""], ["1", "2", "", ""]]
    rows, scores, by_index = search(allow, [3, 3, 1])
    assert by_index == []
    assert [sorted(row) for row in rows[:2]] == [[-1, 4, 9], [-1, -1, 7]]
    assert search([*allow[:2], [""] * 4], [3, 3, 0])[2] == []
    assert search([*allow[:2], [""] * 4], [3, 3, 1])[2] == [True]
    assert search([[""]] * 3, [3, 3, 1])[2] == [False]
    monkeypatch.setattr(admission, "_SHORT", 3)
    by_index = search(allow, [3, 3, 1])
    assert by_index[0] == rows and by_index[2] == [True]
    np.testing.assert_allclose(by_index[1], scores, rtol=1e-5)
