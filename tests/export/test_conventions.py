"""The conventions of requests, each tested against a served model, and the names of inputs and outputs."""

import numpy as np
import pytest
import tensorflow as tf

from export import world
from export.world import ITEMS, batch, call, loaded, raw_items, raw_user, text
from tfmmrec.export import CONVENTIONS
from tfmmrec.export.conventions import Names
from tfmmrec.modalities import Category, Number, Text
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Multiclass, NextItem, Rating


def names_of(*tasks, item=(), user=(), event=(), classified=()):
    schema = Schema(item=item, user=user, event=event, tasks=[NextItem(), *tasks], timestamp="time")
    return Names(schema, classified)


def test_inputs_are_named_after_features_and_outputs_after_tasks():
    names = names_of(
        *(Binary("like"), Multiclass("end state")),
        item=[Text("plot")],
        user=[Number("age")],
        event=[Category("kind of")],
        classified=["end_state"],
    )
    assert names.inputs == {
        "item": {"plot": "item_plot"},
        "user": {"age": "user_age"},
        "event": {"kind_of": "history_kind_of"},
    }
    assert names.outputs == {"like": "like", "end_state": "end_state"}
    assert names.classes == {"end_state": "end_state_class"}
    assert names.new_item == {
        "score": "new_item_score",
        "like": "new_item_like",
        "end_state": "new_item_end_state",
        "end_state_class": "new_item_end_state_class",
    }


def test_a_name_that_is_taken_gets_an_underscore():
    names = names_of(
        *(Rating("score"), Multiclass("a"), Multiclass("a_class")),
        item=[Category("id")],
        user=[Category("id")],
        event=[Number("time")],
        classified=["a", "a_class"],
    )
    assert names.inputs["item"] == {"id": "item_id_"}
    assert names.inputs["user"] == {"id": "user_id_"}
    assert names.inputs["event"] == {"time": "history_time_"}
    assert names.outputs == {"score": "score_", "a": "a", "a_class": "a_class"}
    assert names.classes == {"a": "a_class_", "a_class": "a_class_class"}
    assert len(set(names.new_item.values())) == 6


@pytest.mark.parametrize("path", [world.shop_export, world.circle_export], ids=["shop", "circle"])
def test_shapes_and_types_of_inputs_and_outputs(path):
    for signature in loaded(path()).signatures.values():
        inputs = signature.structured_input_signature[1]
        for name, spec in inputs.items():
            assert spec.dtype in (tf.string, tf.float64, tf.float32, tf.int32, tf.bool)
            assert spec.shape.as_list() in ([None], [None, None], [None, 2])
            assert (spec.dtype == tf.float32) == (name == "diversity" or name.startswith("weight_"))
            assert (spec.dtype == tf.int32) == (name == "k")
        assert len({spec.name for spec in inputs.values()}) == len(inputs)
        for spec in signature.structured_outputs.values():
            assert spec.dtype in (tf.string, tf.float32)
            assert spec.shape[0] is None


def test_padding_may_stand_anywhere():
    one = raw_user(0)
    spread = {
        name: [[None, *value[0][:3], None, *value[0][3:], None]]
        for name, value in one.items()
        if name[0] == "h"
    }
    path = world.shop_export()
    expected = call(path, "encode_user", **one)["vector"]
    np.testing.assert_allclose(call(path, "encode_user", **one | spread)["vector"], expected, atol=1e-6)

    content = raw_items([5])
    expected = call(path, "encode_item", item_id=[""], **content)["vector"]
    content["item_poster"] = [[b"", content["item_poster"][0][0], b"", content["item_poster"][0][1]]]
    np.testing.assert_allclose(
        call(path, "encode_item", item_id=[""], **content)["vector"], expected, atol=1e-6
    )


def test_history_inputs_may_be_narrower_or_wider_than_the_history():
    one, path = raw_user(0), world.shop_export()
    whole = call(path, "encode_user", **one | {"history_seconds": [[7.0, 5.0] + [None] * 5]})["vector"]
    narrow = call(path, "encode_user", **one | {"history_seconds": [[7.0, 5.0]]})["vector"]
    wide = call(path, "encode_user", **one | {"history_seconds": [[7.0, 5.0] + [None] * 9]})["vector"]
    np.testing.assert_allclose(narrow, whole, atol=1e-6)
    np.testing.assert_allclose(wide, whole, atol=1e-6)


def test_no_columns_are_all_padding():
    signature = loaded(world.shop_export()).signatures["encode_user"]
    specs = signature.structured_input_signature[1]
    empty = {name: tf.zeros([1, 0], spec.dtype) for name, spec in specs.items() if len(spec.shape) == 2}
    rest = {"user_gender": "m", "user_likes": "new", "user_id": ""}
    rest = {name: tf.constant([value]) for name, value in rest.items()}
    age = {"user_age": tf.constant([21.0], tf.float64)}
    padded = call(world.shop_export(), "encode_user", user_gender=["m"], user_likes=["new"], user_age=[21.0])
    np.testing.assert_allclose(signature(**empty, **rest, **age)["vector"], padded["vector"], atol=1e-6)


def merged(requests):
    """Requests as TensorFlow Serving merges them when it batches with pad_variable_length_inputs.

    Each is widened at its end with the first element of its own tensor (tensorflow_serving/batching/
    batching_util.h, AddPadding), then all are put together along the first dimension.
    """
    together = {}
    for name in requests[0]:
        arrays = [np.asarray(request[name], object) for request in requests]
        width = max(array.shape[-1] for array in arrays)
        widened = [
            np.pad(a, ((0, 0), (0, width - a.shape[1])), constant_values=a.flat[0]) if a.ndim == 2 else a
            for a in arrays
        ]
        together[name] = np.concatenate(widened).tolist()
    return together


def with_a_column_of_padding(request, specs):
    """All inputs of a signature as a client should send them to such a server."""
    whole, rows = {}, len(next(iter(request.values())))
    for name, spec in specs.items():
        nothing = {tf.string: "", tf.bool: False, tf.int32: 0}.get(spec.dtype, float("nan"))
        if len(spec.shape) == 1:
            whole[name] = world.padded(request.get(name, [nothing] * rows), nothing)
        elif name.endswith("_taste") or spec.shape[1]:  # a vector and a range are whole, or padding
            whole[name] = world.padded(request.get(name, [[nothing] * (spec.shape[1] or 1)] * rows), nothing)
        else:
            whole[name] = [[nothing, *row] for row in world.padded(request.get(name, [[]] * rows), nothing)]
    return whole


@pytest.mark.parametrize("signature", ["recommend", "rank"])
def test_a_server_that_pads_and_batches_gives_everybody_their_own_answer(signature):
    path = world.shop_export()
    specs = loaded(path).signatures[signature].structured_input_signature[1]
    requests = [
        {"user_id": ["ann"], "k": [2], "exclude_seen": [True], "filter_price": [[None, 14.0]]},
        raw_user(1) | {"k": [7], "exclude": [["y", "z", "é"]], "diversity": [0.6]},
        raw_user(0) | {"k": [3], "exclude_seen": [True], "filter_tags": [["red", "no such tag"]]},
        {"user_id": ["dan"], "k": [3], "allow": [["x", "y", "z", "é"]], "weight_like": [-1.0]},
        batch([raw_user(2), raw_user(3)]) | {"k": [1, 10]},
    ]
    if signature == "rank":
        items = [raw_items([5]), {}, raw_items([8]), {}, raw_items([4, 3])]
        candidates = [[["x"]], [ITEMS], [["é", "x"]], [["z"]], [["5"], ["06"]]]
        requests = [
            {name: value for name, value in request.items() if name in specs}
            | item
            | {"candidate": candidate}
            for request, item, candidate in zip(requests, items, candidates, strict=True)
        ]
    requests = [with_a_column_of_padding(request, specs) for request in requests]
    together = call(path, signature, **merged(requests))
    row = 0
    for request in requests:
        alone = call(path, signature, **request)
        size = len(request["user_id"])
        for name, values in alone.items():
            ours = together[name][row : row + size]
            if values.ndim > 1 and name not in ("new_item_outcome",):
                # the columns after one's own are padding
                rest, ours = ours[:, values.shape[1] :], ours[:, : values.shape[1]]
                assert (rest == b"").all() if rest.dtype == object else np.isnan(rest).all()
            if values.dtype == object:
                assert text(ours) == text(values)
            else:
                np.testing.assert_allclose(ours, values, atol=1e-5)
        row += size


def test_filters_and_weights_are_named_after_features_and_outputs():
    schema = Schema(
        item=[Category("kind")], tasks=[NextItem(), Rating("score"), Multiclass("end")], timestamp="time"
    )
    names = Names(schema, ["end"], ["kind"])
    assert names.filters == {"kind": "filter_kind"}
    assert names.weights == {"score": "weight_score", "score_": "weight_score_"}


def test_the_conventions_say_what_is_tested_here():
    assert all(one.endswith(".") for one in CONVENTIONS)
    for word in (
        "[B, ?]",
        "pad_variable_length_inputs",
        "column of padding",
        "max(k)",
        "exclude_seen",
        "allow lists",
        "filter_<feature>",
        "weight_<output>",
        "diversity",
        "NaN",
    ):
        assert any(word in one for one in CONVENTIONS), word
