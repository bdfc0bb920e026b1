"""Recorded requests, against bytes that tensorflow-serving-api 2.21.0 wrote for the same request."""

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from tfmmrec.export.prediction_log import message, prediction_log

# log.predict_log.request with model_spec.signature_name "encode_user" and INPUTS by tf.make_tensor_proto, as
# SerializeToString(deterministic=True) writes it
GOLDEN = bytes.fromhex(
    "323c0a3a0a0d1a0b656e636f64655f7573657212100a016b120b08031204120208013a010312170a07757365725f6964"
    "120c08071204120208014202c3a9"
)
INPUTS = {"user_id": np.asarray(["é".encode()], object), "k": np.asarray([3], "int32")}


def test_the_bytes_are_those_of_the_official_package():
    assert prediction_log("encode_user", INPUTS) == GOLDEN


def test_the_bytes_of_the_official_package_are_read():
    request = message("PredictionLog").FromString(GOLDEN).predict_log.request
    assert request.model_spec.signature_name == "encode_user"
    assert sorted(request.inputs) == ["k", "user_id"]
    for name, expected in INPUTS.items():
        proto = TensorProto.FromString(request.inputs[name])
        assert tf.make_ndarray(proto).tolist() == expected.tolist()
