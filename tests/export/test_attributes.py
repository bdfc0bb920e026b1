"""Attributes of the items: what fits what a query wants."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.export.attributes import Range, Terms

NAN = float("nan")


def terms(rows):
    """An attribute of items with these terms, which are letters."""
    flat = [ord(letter) - ord("a") for row in rows for letter in row]
    start = np.cumsum([0, *map(len, rows)])
    return Terms(
        {
            "start": start,
            "term": np.asarray(flat, "int32"),
            "text": np.frombuffer(b"abcde", "uint8"),
            "ends": np.arange(1, 6),
        }
    )


def fitting(attribute, wanted, items):
    rows = tf.broadcast_to(tf.range(items), [len(wanted), items])
    dtype = attribute.input("x").dtype
    return attribute.fitting(tf.constant(wanted, dtype))(rows, tf.range(len(wanted))).numpy().tolist()


def test_terms_by_hand():
    attribute = terms(["a", "", "bc", "ab"])
    assert attribute.input("x").shape.as_list() == [None, None]
    wanted = [["", "a"], ["c", "d"], ["never", ""], ["", ""], ["b", "a"]]
    assert fitting(attribute, wanted, 4) == [
        [True, False, False, True],
        [False, False, True, False],
        [False] * 4,
        [True] * 4,
        [True, False, True, True],
    ]


@settings(max_examples=25)
@given(
    st.lists(st.sets(st.sampled_from("abcde")), min_size=1), st.lists(st.sampled_from("abcdef"), max_size=3)
)
def test_terms_are_sets_that_meet(rows, wanted):
    expected = [not wanted or bool(row & set(wanted)) for row in rows]
    assert fitting(terms([sorted(row) for row in rows]), [["", *wanted]], len(rows)) == [expected]


def test_ranges_by_hand():
    attribute = Range({"value": np.asarray([0.1, NAN, 1.7e9 + 0.25, -3])})
    assert attribute.input("x").shape.as_list() == [None, 2]
    wanted = [[0.1, 0.1], [NAN, 0], [0, NAN], [NAN, NAN], [1.7e9 + 0.25, np.inf], [5, 1], [-np.inf, np.inf]]
    assert fitting(attribute, wanted, 4) == [
        [True, False, False, False],
        [False, False, False, True],
        [True, False, True, False],
        [True] * 4,
        [False, False, True, False],
        [False] * 4,
        [True, False, True, True],
    ]


def test_the_queries_that_ask_may_be_some_of_the_batch():
    attribute = Range({"value": np.asarray([1.0, 2.0])})
    passes = attribute.fitting(tf.constant([[1, 1], [2, 2], [1, 2]], tf.float64))
    assert passes(tf.constant([[1, 0], [0, 0]]), tf.constant([2, 1])).numpy().tolist() == [
        [True, True],
        [False, False],
    ]


def test_an_attribute_that_no_item_has():
    nothing = {"start": np.zeros(3, "int64"), "term": np.zeros(0, "int32")}
    nothing |= {"text": np.zeros(0, "uint8"), "ends": np.zeros(0, "int64")}
    assert fitting(Terms(nothing), [["a"], [""]], 2) == [[False, False], [True, True]]
