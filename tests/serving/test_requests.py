"""Python values to tensors: one question or a batch, padding, and what is refused."""

import numpy as np
import pytest
import tensorflow as tf

from tfmmrec.serving.requests import to_answers, to_tensors

SPECS = {
    "user_id": tf.TensorSpec([None], tf.string),
    "history": tf.TensorSpec([None, None], tf.string),
    "history_time": tf.TensorSpec([None, None], tf.float64),
    "k": tf.TensorSpec([None], tf.int32),
    "exclude_seen": tf.TensorSpec([None], tf.bool),
}


def tensors(**arguments):
    made, single = to_tensors(arguments, SPECS)
    assert set(made) == set(SPECS)
    assert all(made[name].dtype == spec.dtype for name, spec in SPECS.items())
    assert all(len(made[name].shape) == len(spec.shape) for name, spec in SPECS.items())
    return {name: tensor.numpy().tolist() for name, tensor in made.items()}, single


def test_one_question():
    made, single = tensors(user_id="é", history=["a", b"b"], k=3, exclude_seen=True)
    assert single
    assert made.pop("history_time")[0] == pytest.approx([np.nan], nan_ok=True)
    assert made == {"user_id": ["é".encode()], "history": [[b"a", b"b"]], "k": [3], "exclude_seen": [True]}


def test_nothing_given_is_one_question_of_padding():
    made, single = tensors()
    assert single
    assert (made["user_id"], made["history"], made["k"], made["exclude_seen"]) == (
        [b""],
        [[b""]],
        [0],
        [False],
    )
    assert np.isnan(made["history_time"]).all()
    assert tensors(user_id=None, history=None)[0]["history"] == [[b""]]


def test_a_batch_is_padded_to_one_width_and_single_values_go_for_all():
    made, single = tensors(
        user_id=["a", None], history=[["x"], ["y", "z", "w"]], history_time=[None, [1, None]], k=5
    )
    assert not single
    assert made["user_id"] == [b"a", b""]
    assert made["history"] == [[b"x", b"", b""], [b"y", b"z", b"w"]]
    np.testing.assert_array_equal(made["history_time"], [[np.nan, np.nan], [1, np.nan]])
    assert made["k"] == [5, 5]
    made, _ = tensors(user_id=["a", "b"], history=["x", "y"])
    assert made["history"] == [[b"x", b"y"]] * 2


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
    made, single = tensors(history=given)
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
        ({"history_time": ["yesterday"]}, "history_time takes numbers, got 'yesterday'"),
        ({"k": "many"}, "k takes numbers, got 'many'"),
    ],
)
def test_what_is_refused(arguments, match):
    with pytest.raises(ValueError, match=match):
        tensors(**arguments)


def test_answers_are_strings_floats_and_arrays():
    one, two = to_answers(
        {
            "item_id": tf.constant([["é", ""], ["b", "c"]]),
            "word": tf.constant(["x", "y"]),
            "score": tf.constant([1.0, 2.0]),
            "vector": tf.constant([[1.0], [2.0]]),
        }
    )
    assert list(one) == ["item_id", "score", "vector", "word"]
    assert (one["item_id"], two["item_id"]) == (["é", ""], ["b", "c"])
    assert (one["word"], two["word"]) == ("x", "y")
    assert isinstance(one["score"], float)
    assert two["score"] == 2
    assert two["vector"].tolist() == [2.0]
