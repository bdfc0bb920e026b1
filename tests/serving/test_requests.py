"""Python values to arrays: one question or a batch, padding, and what is refused."""

import numpy as np
import pytest

from tfmmrec.serving.requests import to_answers, to_arrays
from tfmmrec.serving.signature import TensorInfo

INPUTS = {
    "user_id": TensorInfo("string", (None,)),
    "history": TensorInfo("string", (None, None)),
    "history_time": TensorInfo("float64", (None, None)),
    "k": TensorInfo("int32", (None,)),
    "exclude_seen": TensorInfo("bool", (None,)),
    "filter_year": TensorInfo("float64", (None, 2)),
}


def arrays(**arguments):
    made, single = to_arrays(arguments, INPUTS)
    assert set(made) == set(INPUTS)
    assert all(made[name].dtype == info.numpy for name, info in INPUTS.items())
    assert all(made[name].ndim == len(info.shape) for name, info in INPUTS.items())
    return {name: array.tolist() for name, array in made.items()}, single


def test_one_question():
    made, single = arrays(user_id="é", history=["a", b"b"], k=3, exclude_seen=True)
    assert single
    assert made.pop("history_time")[0] == pytest.approx([np.nan], nan_ok=True)
    assert made.pop("filter_year")[0] == pytest.approx([np.nan, np.nan], nan_ok=True)
    assert made == {"user_id": ["é".encode()], "history": [[b"a", b"b"]], "k": [3], "exclude_seen": [True]}


def test_nothing_given_is_one_question_of_padding():
    made, single = arrays()
    assert single
    assert (made["user_id"], made["history"], made["k"], made["exclude_seen"]) == (
        [b""],
        [[b""]],
        [0],
        [False],
    )
    assert np.isnan(made["history_time"]).all()
    assert arrays(user_id=None, history=None)[0]["history"] == [[b""]]


def test_a_batch_is_padded_to_one_width_and_single_values_go_for_all():
    made, single = arrays(
        user_id=["a", None], history=[["x"], ["y", "z", "w"]], history_time=[None, [1, None]], k=5
    )
    assert not single
    assert made["user_id"] == [b"a", b""]
    assert made["history"] == [[b"x", b"", b""], [b"y", b"z", b"w"]]
    np.testing.assert_array_equal(made["history_time"], [[np.nan, np.nan], [1, np.nan]])
    assert made["k"] == [5, 5]
    made, _ = arrays(user_id=["a", "b"], history=["x", "y"])
    assert made["history"] == [[b"x", b"y"]] * 2


@pytest.mark.parametrize(
    ("given", "expected", "one"),
    [
        ([1990, None], [[1990, np.nan]], True),
        ([None, 1.5], [[np.nan, 1.5]], True),
        ([[1, 2], None, []], [[1, 2], [np.nan, np.nan], [np.nan, np.nan]], False),
        ([], [[np.nan, np.nan]], True),
    ],
)
def test_a_range_has_two_values(given, expected, one):
    made, single = arrays(filter_year=given)
    np.testing.assert_array_equal(made["filter_year"], expected)
    assert single == one


@pytest.mark.parametrize(
    ("given", "expected", "one"),
    [
        ([], [[b""]], True),
        ("x", [[b"x"]], True),
        ([[]], [[b""]], False),
        ([[], ["x"]], [[b""], [b"x"]], False),
        (["x", ["y", "z"]], [[b"x", b""], [b"y", b"z"]], False),
        (np.asarray(["x", "y"]), [[b"x", b"y"]], True),
        (np.asarray([["x"], ["y"]]), [[b"x"], [b"y"]], False),
        ((7, 8), [[b"7", b"8"]], True),
    ],
)
def test_lists_of_one_question_and_of_a_batch(given, expected, one):
    made, single = arrays(history=given)
    assert (made["history"], single) == (expected, one)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"user_id": ["a", "b"], "k": [1, 2, 3]}, r"one size, got {'k': 3, 'user_id': 2}"),
        ({"user_id": []}, "at least one question, got none in 'user_id'"),
        ({"user_id": [["a"]]}, "user_id is one value, or a list of them for a batch; got"),
        ({"history": [[["a"]]]}, "history is a list, or a list of lists for a batch"),
        ({"history": [1.5]}, r"history takes strings \(or bytes, for media\), got 1.5"),
        ({"user_id": True}, "user_id takes strings"),
        ({"history_time": ["yesterday"]}, r"history_time takes numbers \(float64\), got 'yesterday'"),
        ({"k": "many"}, r"k takes numbers \(int32\), got 'many'"),
        ({"k": 2**31}, r"k takes numbers \(int32\), got '2147483648'"),
        ({"filter_year": [1990]}, r"filter_year takes 2 values, of which None may be one; got \[1990\]"),
        ({"filter_year": 1990}, "filter_year takes 2 values"),
        ({"filter_year": [[1, 2], [1, 2, 3]]}, "filter_year takes 2 values"),
    ],
)
def test_what_is_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        arrays(**arguments)


def test_bytes_are_kept_to_the_last_one():
    assert arrays(user_id=b"\xff\x00\x00")[0]["user_id"] == [b"\xff\x00\x00"]


@pytest.mark.parametrize("text", [str, str.encode], ids=["strings", "bytes"])
def test_answers_are_strings_floats_and_arrays(text):
    one, two = to_answers(
        {
            "item_id": np.asarray([[text("é"), text("")], [text("b"), text("c")]], object),
            "word": np.asarray([text("x"), text("y")], object),
            "score": np.asarray([1.0, 2.0], "float32"),
            "vector": np.asarray([[1.0], [2.0]], "float32"),
        }
    )
    assert list(one) == ["item_id", "score", "vector", "word"]
    assert (one["item_id"], two["item_id"]) == (["é", ""], ["b", "c"])
    assert (one["word"], two["word"]) == ("x", "y")
    assert isinstance(one["score"], float)
    assert two["score"] == 2
    assert two["vector"].tolist() == [2.0]
