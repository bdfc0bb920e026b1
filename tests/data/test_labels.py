"""Labels and weights of events."""

import numpy as np
import pytest

from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.event_log import usable_events
from tfmmrec.data.labels import prepare_labels
from tfmmrec.data.readers import read_table
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match, Multiclass, Rating

TEXT = """user_id,item_id,like,stars,mood,w
a,1,1,5,calm,2
b,1,0,1,wild,
a,2,maybe,,calm,-1
a,3,,3,new,x
"""


@pytest.fixture
def labels(tmp_path):
    (tmp_path / "events.csv").write_text(TEXT)
    letters = DeadLetters()
    wanted = dict.fromkeys(["user_id", "item_id", "like", "stars", "mood", "w"], "the test")
    table = read_table(tmp_path, tmp_path / "events.csv", "events", wanted, letters)

    def prepare(**settings):
        tasks = [
            Match(),
            Binary("like", positive_weight=3),
            Rating("stars"),
            Multiclass("mood", balanced=True),
        ]
        schema = Schema(tasks=tasks, **settings)
        log = usable_events(table, schema, None, "random", letters)
        trained = np.array([True, True, False, True])  # rows a1, a2, a3, b1
        return *prepare_labels(log, table, schema, trained, letters), letters

    return prepare


def test_labels_of_sorted_events(labels):
    states, values, _, _ = labels()
    np.testing.assert_array_equal(values["like"], [1, np.nan, np.nan, 0])
    np.testing.assert_array_equal(values["stars"], [5, np.nan, 3, 1])
    np.testing.assert_array_equal(values["mood"], [0, 0, np.nan, 1])
    assert {array.dtype for array in values.values()} == {np.dtype("float32")}
    assert states["stars"]["mean"] == 3  # of 5 and 1: the third is not learnt from
    assert states["mood"]["classes"] == ["calm", "wild"]
    assert states["match"] == {}
    assert "match" not in values


def test_cells_that_are_no_labels_get_letters(labels):
    *_, letters = labels()
    assert [(x.line, x.column, x.lost, x.value) for x in letters] == [
        (4, "like", "cell", "maybe"),
        (5, "mood", "cell", "new"),  # a class that training does not know
    ]


def test_class_weights(labels):
    _, _, weights, _ = labels()
    np.testing.assert_allclose(weights["like"], [3, 1, 1, 1])
    np.testing.assert_allclose(weights["stars"], [1, 1, 1, 1])
    np.testing.assert_allclose(weights["mood"], [0.75, 0.75, 1, 1.5])
    np.testing.assert_allclose(weights["match"], [1, 1, 1, 1])


def test_times_example_weights_which_are_1_where_missing_or_refused(labels):
    _, _, weights, letters = labels(event_weight="w")
    np.testing.assert_allclose(weights["match"], [2, 1, 1, 1])
    np.testing.assert_allclose(weights["like"], [6, 1, 1, 1])
    np.testing.assert_allclose(weights["mood"], [1.5, 0.75, 1, 1.5])
    refused = {x.value: x.detail for x in letters if x.column == "w"}
    assert refused["-1"] == "expected a weight of 0 or more, got '-1'"
    assert set(refused) == {"-1", "x"}


def test_where_there_was_no_click_nothing_was_bought(tmp_path):
    (tmp_path / "events.csv").write_text(
        "user_id,item_id,click,cart,buy\na,1,1,1,\na,2,1,0,\na,3,0,,\nb,1,0,,\nb,2,1,,\n"
    )
    letters = DeadLetters()
    wanted = dict.fromkeys(["user_id", "item_id", "click", "cart", "buy"], "the test")
    table = read_table(tmp_path, tmp_path / "events.csv", "events", wanted, letters)
    bought = Binary("buy", given="cart", positive_weight=2)
    schema = Schema(tasks=[bought, Binary("cart", given="click"), Binary("click")])
    log = usable_events(table, schema, None, "random", letters)
    _, values, weights = prepare_labels(log, table, schema, np.ones(5, bool), letters)
    np.testing.assert_array_equal(values["cart"], [1, 0, 0, 0, np.nan])
    np.testing.assert_array_equal(values["buy"], [np.nan, 0, 0, 0, np.nan])
    np.testing.assert_array_equal(weights["buy"], [1, 1, 1, 1, 1])
    assert not list(letters)


def test_labels_that_were_seen_seldom_stand_for_more(tmp_path):
    (tmp_path / "events.csv").write_text(
        "user_id,item_id,like,stars,seen\na,1,1,5,0.5\na,2,0,4,\nb,1,1,3,0\nb,1,,2,0.01\n"
    )
    letters = DeadLetters()
    wanted = dict.fromkeys(["user_id", "item_id", "like", "stars", "seen"], "the test")
    table = read_table(tmp_path, tmp_path / "events.csv", "events", wanted, letters)
    like = Binary("like", propensity="seen", clip=20, positive_weight=3)
    schema = Schema(tasks=[like, Rating("stars", propensity=0.5), Match(propensity="seen")])
    log = usable_events(table, schema, None, "random", letters)
    _, _, weights = prepare_labels(log, table, schema, np.asarray([True, True, True, False]), letters)
    np.testing.assert_allclose(weights["like"], [6, 1, 3, 20])  # the last has no label: 100, clipped
    # in training item 1 has two events and item 2 one: chances 1 and √½
    np.testing.assert_allclose(weights["stars"], [1, 2**0.5, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(weights["match"], [2, 1, 1, 10])
    assert [(x.value, x.detail) for x in letters][:1] == [
        ("0", "expected a chance above 0 and at most 1, got '0'")
    ]
