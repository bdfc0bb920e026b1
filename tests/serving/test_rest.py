"""TensorFlow Serving's JSON, read and written."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from tfmmrec.serving.rest import read_request, write_answer, write_error
from tfmmrec.serving.signature import Signature, TensorInfo

INPUTS = {
    "recommend": {
        "user_id": TensorInfo("string", (None,)),
        "history": TensorInfo("string", (None, None)),
        "k": TensorInfo("int32", (None,)),
        "age": TensorInfo("float64", (None,)),
        "exclude_seen": TensorInfo("bool", (None,)),
    },
    "ask": {"taste": TensorInfo("float32", (None, 2))},
    "serving_default": {"words": TensorInfo("string", (None,))},
}
SIGNATURES = {name: Signature(inputs, {}) for name, inputs in INPUTS.items()}
ROW = {"user_id": "ann", "history": ["a", "b"], "k": 3, "age": math.nan, "exclude_seen": True}


def read(**request):
    return read_request(json.dumps(request).encode(), SIGNATURES)


def row_with(**changed):
    return read(signature_name="recommend", instances=[{**ROW, **changed}])


def test_rows_and_columns_say_the_same():
    rows = [ROW, {**ROW, "user_id": "🎬", "history": ["c", ""], "k": 7, "age": 2}]
    by_row = read(signature_name="recommend", instances=rows)
    by_column = read(signature_name="recommend", inputs={name: [row[name] for row in rows] for name in ROW})
    assert (by_row.columnar, by_column.columnar) == (False, True)
    for asked in (by_row, by_column):
        assert asked.signature == "recommend"
        assert asked.inputs["user_id"].tolist() == [b"ann", "🎬".encode()]
        assert asked.inputs["history"].tolist() == [[b"a", b"b"], [b"c", b""]]
        assert asked.inputs["history"].dtype == object
        assert asked.inputs["k"].dtype == "int32" and asked.inputs["k"].tolist() == [3, 7]
        np.testing.assert_array_equal(asked.inputs["age"], [math.nan, 2.0])
        assert asked.inputs["exclude_seen"].tolist() == [True, True]


def test_one_input_needs_no_name_and_bytes_are_base64():
    assert read(instances=["one", {"b64": "AP8="}]).inputs["words"].tolist() == [b"one", b"\x00\xff"]
    assert read(instances=[{"words": "one"}]).inputs["words"].tolist() == [b"one"]
    assert read(inputs=["one"]).inputs["words"].tolist() == [b"one"]
    assert read(signature_name="ask", inputs={"taste": [[1, 2.5]]}).inputs["taste"].tolist() == [[1.0, 2.5]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[1]", "is a JSON object"),
        (b'{"instances": [], "inputs": {}}', 'Give either "instances"'),
        (b"{}", 'Give either "instances"'),
        (b'{"instances": []}', '"instances" must be a list'),
        (b'{"instance": [1]}', 'got \\["instance"\\]'),
        (b'{"signature_name": "recomend", "instances": [1]}', "must be one of ask, recommend.*Did you mean"),
        (b'{"signature_name": 7, "instances": [1]}', "must be one of"),
        (b'{"signature_name": "recommend", "inputs": [1]}', '"inputs" must be an object'),
        (b'{"signature_name": "recommend", "instances": [1]}', "must be an object"),
        (b'{"instances": [{"b64": "?"}]}', "not valid base64"),
        (b'{"instances": ["\\ud800"]}', "no valid Unicode"),
        (b'{"inputs": []}', "at least one question"),
    ],
)
def test_what_is_no_request_is_told(body, message):
    with pytest.raises(ValueError, match=message):
        read_request(body, SIGNATURES)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"k": "3"}, "k takes numbers"),
        ({"k": 2.5}, "k takes whole numbers"),
        ({"k": math.nan}, "k takes whole numbers"),
        ({"k": math.inf}, "k takes whole numbers"),
        ({"k": 2**31}, "k takes whole numbers from"),
        ({"k": True}, "k takes numbers"),
        ({"k": [3]}, "k must be a value for each question"),
        ({"k": None}, "k takes numbers"),
        ({"age": -math.inf}, "age takes finite numbers"),
        ({"age": 10**400}, "age takes finite numbers"),
        ({"exclude_seen": 1}, "true or false"),
        ({"user_id": 42}, "user_id takes strings"),
        ({"user_id": {"b64": 1}}, "user_id takes strings"),
        ({"history": "a"}, "history must be a list for each question"),
        ({"history": [["a"]]}, "history must be a list for each question"),
        ({"history": ["a", ["b"]]}, "history takes strings"),
        ({"hisotry": []}, "takes no 'hisotry'.*history"),
    ],
)
def test_a_wrong_value_is_told(changed, message):
    with pytest.raises(ValueError, match=message):
        row_with(**changed)


def test_what_is_left_out_is_told_with_its_padding():
    with pytest.raises(ValueError, match=r'"age": NaN, "exclude_seen": false, "history": \[""\], "k": 10'):
        read(signature_name="recommend", instances=[{"user_id": "ann"}])


def test_rows_of_different_shapes_are_told():
    with pytest.raises(ValueError, match="must be of one length"):
        read(signature_name="recommend", instances=[ROW, {**ROW, "history": ["a"]}])
    with pytest.raises(ValueError, match="same inputs"):
        read(signature_name="recommend", instances=[ROW, {"user_id": "ann"}])
    with pytest.raises(ValueError, match=r"shape \(None, 2\)"):
        read(signature_name="ask", inputs={"taste": [[1, 2, 3]]})
    columns = {name: [value] for name, value in ROW.items()}
    with pytest.raises(ValueError, match="as many rows"):
        read(signature_name="recommend", inputs={**columns, "k": [1, 2]})


def test_answers():
    ids = np.array([[b"a", "é".encode()], [b"c", b""]], object)
    outputs = {"item_id": ids, "score": np.array([[0.5, 0.25], [1, math.nan]], "float32")}
    rows = json.loads(write_answer(outputs, columnar=False))["predictions"]
    assert rows[0] == {"item_id": ["a", "é"], "score": [0.5, 0.25]}
    assert rows[1]["item_id"] == ["c", ""] and math.isnan(rows[1]["score"][1])
    columns = json.loads(write_answer(outputs, columnar=True))["outputs"]
    assert columns["item_id"] == [["a", "é"], ["c", ""]]
    assert b"NaN" in write_answer(outputs, columnar=True)
    one = {"vector": np.array([[1, 2]], "float32")}
    assert json.loads(write_answer(one, columnar=False)) == {"predictions": [[1.0, 2.0]]}
    assert json.loads(write_answer(one, columnar=True)) == {"outputs": [[1.0, 2.0]]}
    picture = {"thumb": np.array([b"\xff"], object)}
    assert json.loads(write_answer(picture, columnar=True)) == {"outputs": [{"b64": "/w=="}]}
    nobody = {"item_id": np.empty((2, 0), object)}
    assert json.loads(write_answer(nobody, columnar=True)) == {"outputs": [[], []]}
    assert write_error('a "b"') == b'{"error":"a \\"b\\""}'


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(some.sampled_from(sorted(ROW)), JSON)
def test_any_value_is_read_or_told(name, value):
    try:
        asked = row_with(**{name: value})
    except ValueError as error:
        assert len(str(error)) > 20
    else:
        assert asked.inputs[name].shape[0] == 1


@given(some.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_body_is_read_or_told(body):
    try:
        read_request(body, SIGNATURES)
    except ValueError as error:
        assert len(str(error)) > 20
