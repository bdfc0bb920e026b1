"""Warm-up requests of an export: one per signature, whole, and answered."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from export import world
from export.world import HISTORIES, ITEMS, USERS, text
from tfmmrec.export import KnownUsers, export
from tfmmrec.export.prediction_log import message
from tfmmrec.export.warmup import WARMUP, write_warmup


def requests(path):
    """What TensorFlow Serving would ask: signature → inputs."""
    found = {}
    for record in tf.data.TFRecordDataset(str(path / WARMUP)):
        request = message("PredictionLog").FromString(record.numpy()).predict_log.request
        protos = {name: TensorProto.FromString(value) for name, value in request.inputs.items()}
        found[request.model_spec.signature_name] = {
            name: tf.make_ndarray(proto) for name, proto in protos.items()
        }
    return found


@pytest.fixture(scope="module", params=["shop", "circle"])
def path(request):
    return {"shop": world.shop_export, "circle": world.circle_export}[request.param]()


def test_every_signature_is_asked_with_every_input(path):
    signatures = world.loaded(path).signatures
    asked = requests(path)
    assert sorted(asked) == sorted(signatures)
    for name, inputs in asked.items():
        specs = signatures[name].structured_input_signature[1]
        assert sorted(inputs) == sorted(specs)
        for key, array in inputs.items():
            assert tf.as_dtype(array.dtype) == specs[key].dtype
            assert array.shape[0] == 1 and array.ndim == len(specs[key].shape)


def test_lists_begin_with_padding_as_a_server_that_batches_requires(path):
    for inputs in requests(path).values():
        for name, array in inputs.items():
            if array.ndim == 2 and not name.endswith("_taste"):
                assert array[0, 0] == b"" if array.dtype == object else np.isnan(array[0, 0])


def test_everything_is_answered(path):
    for name, inputs in requests(path).items():
        function = world.loaded(path).signatures[name]
        specs = function.structured_input_signature[1]
        outputs = function(**{key: tf.constant(array, specs[key].dtype) for key, array in inputs.items()})
        for key, output in outputs.items():
            there = output != b"" if output.dtype == tf.string else tf.math.is_finite(output)
            assert tf.reduce_any(there), (name, key)


def test_a_known_user_is_recommended_to_and_raw_content_is_read():
    asked = requests(world.shop_export())
    longest = USERS[int(np.argmax([min(len(history), 4) for history in HISTORIES]))]
    assert text(asked["recommend"]["user_id"]) == [longest]
    assert asked["recommend"]["k"].tolist() == [10]
    assert text(asked["encode_user"]["history"])[0][0] == ""
    assert len(set(text(asked["encode_user"]["history"])[0]) & set(ITEMS)) == 3
    poster = asked["encode_item"]["item_poster"][0, 1]
    assert tf.io.decode_image(poster).shape == (8, 8, 3)
    assert asked["encode_item"]["item_sound"][0].startswith(b"RIFF")
    assert asked["encode_item"]["item_taste"].shape == (1, 3)
    assert len(asked["rank"]["candidate"][0]) == 11


def test_without_known_users_a_history_is_brought():
    asked = requests(world.circle_export())
    assert text(asked["recommend"]["user_id"]) == [""]
    assert len([item for item in text(asked["recommend"]["history"])[0] if item]) == 3


def test_they_are_small_and_the_same_for_the_same_export(tmp_path):
    assert (world.shop_export() / WARMUP).stat().st_size < 10_000
    data, model = world.circle()
    again = export(model, data.catalogue, tmp_path / "1")
    assert (again / WARMUP).read_bytes() == (world.circle_export() / WARMUP).read_bytes()


def test_a_request_that_fails_stops_the_export(tmp_path):
    """TensorFlow Serving would never serve the version."""

    class Broken:
        structured_input_signature = ((), {"user_id": tf.TensorSpec([None], tf.string)})

        def __call__(self, user_id):
            raise tf.errors.InvalidArgumentError(None, None, "no")

    class Answers:
        users = items = type("Reader", (), {"example": staticmethod(lambda *_: {})})
        of_users = searching = None

    (tmp_path / "assets.extra").mkdir()
    users = KnownUsers.of(world.shop()[0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="no"):
        write_warmup(tmp_path, Answers(), {"encode_user": Broken()}, ITEMS, users)
