"""Arrays as TensorFlow Serving's JSON: text, media, NaN, empty answers, the column of padding."""

import json

import numpy as np
import pytest

from tfmmrec.serving.json_tensors import led_by_padding, to_array, to_json
from tfmmrec.serving.signature import TensorInfo


def objects(values):
    return np.asarray(values, object)


def test_text_is_a_string_and_media_are_base64():
    png = b"\x89PNG"
    wav = b"RIFF\x04\x00\x00\x00WAVE"  # valid UTF-8, and no text
    written = to_json(objects([["é".encode(), b""], [png, wav]]))
    assert written == [["é", ""], [{"b64": "iVBORw=="}, {"b64": "UklGRgQAAABXQVZF"}]]


def test_numbers_are_those_of_their_dtype():
    assert json.dumps(to_json(np.asarray([[1.0, np.nan]]))) == "[[1.0, NaN]]"
    assert json.dumps(to_json(np.asarray([3], "int32"))) == "[3]"
    assert json.dumps(to_json(np.asarray([True]))) == "[true]"


def test_outputs_take_their_dtype_and_float32_comes_back_exactly():
    scores = np.asarray([[0.1, np.nan]], "float32")
    read = to_array(json.loads("[[0.1, NaN]]"), TensorInfo("float32", (None, None)))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, scores)
    names = to_array([["é", {"b64": "/w=="}]], TensorInfo("string", (None, None)))
    assert names.tolist() == [["é", b"\xff"]]


def test_an_empty_output_keeps_the_axes_that_json_cannot_show():
    assert to_array([[], []], TensorInfo("float32", (None, None, 3))).shape == (2, 0, 3)
    assert to_array([[], []], TensorInfo("string", (None, None))).shape == (2, 0)


@pytest.mark.parametrize(
    ("values", "info"),
    [
        ([[1.0], [1.0, 2.0]], TensorInfo("float32", (None, None))),
        (["x"], TensorInfo("float32", (None,))),
        ([1.0], TensorInfo("string", (None,))),
        ([1.0], TensorInfo("float32", (None, None))),
        ([["x"], ["x", "y"]], TensorInfo("string", (None, None))),
    ],
)
def test_outputs_of_another_kind(values, info):
    with pytest.raises(ValueError, match="sequence|convert|expected"):
        to_array(values, info)


def test_lists_begin_with_padding_but_vectors_do_not():
    led = led_by_padding(
        {
            "k": np.asarray([3], "int32"),
            "history": objects([[b"a"]]),
            "history_time": np.asarray([[5.0]]),
            "item_taste": np.asarray([[1.0, 2.0]]),
        }
    )
    assert led["history"].tolist() == [[b"", b"a"]]
    np.testing.assert_array_equal(led["history_time"], [[np.nan, 5.0]])
    assert (led["item_taste"].tolist(), led["k"].tolist()) == ([[1.0, 2.0]], [3])
