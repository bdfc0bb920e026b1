"""TensorFlow Serving's ``PredictionLog``, a recorded request, without its Python package.

The package tensorflow-serving-api pins one TensorFlow; of its protos three fields are needed here. Source:
``prediction_log.proto``, ``predict.proto`` and ``model.proto`` in ``tensorflow_serving/apis``.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

_PACKAGE = "tensorflow.serving"


def prediction_log(signature: str, inputs: dict[str, np.ndarray]) -> bytes:
    """A request to a signature, as a serialized ``PredictionLog``: the same bytes for the same request.

    Args:
        signature: its name.
        inputs: arrays by name; strings are objects that hold bytes.
    """
    import tensorflow as tf

    log = message("PredictionLog")()
    request = log.predict_log.request
    request.model_spec.signature_name = signature
    for name, array in inputs.items():
        request.inputs[name] = tf.make_tensor_proto(array).SerializeToString(deterministic=True)
    return log.SerializeToString(deterministic=True)


@cache
def message(name: str) -> Any:
    """The class of a message, of those that `_file` describes."""
    from google.protobuf import descriptor_pool, message_factory

    # a pool of its own: in the common one, the package itself may describe them
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


def _file() -> Any:
    """What is needed of the protos.

    ``map<string, TensorProto>`` is written as ``map<string, bytes>``, of serialized ones: on the wire they
    are the same, and no other proto has to be described.
    """
    from google.protobuf import descriptor_pb2

    file = descriptor_pb2.FileDescriptorProto(
        name="tfmmrec/prediction_log.proto", package=_PACKAGE, syntax="proto3"
    )
    field = descriptor_pb2.FieldDescriptorProto
    one, many = field.LABEL_OPTIONAL, field.LABEL_REPEATED

    def add(where: Any, name: str, number: int, kind: int, label: int = one, of: str = "") -> None:
        type_name = f".{_PACKAGE}.{of}" if of else None
        where.field.add(name=name, number=number, type=kind, label=label, type_name=type_name)

    spec = file.message_type.add(name="ModelSpec")
    add(spec, "name", 1, field.TYPE_STRING)
    add(spec, "signature_name", 3, field.TYPE_STRING)
    request = file.message_type.add(name="PredictRequest")
    add(request, "model_spec", 1, field.TYPE_MESSAGE, of="ModelSpec")
    entry = request.nested_type.add(name="InputsEntry")
    entry.options.map_entry = True
    add(entry, "key", 1, field.TYPE_STRING)
    add(entry, "value", 2, field.TYPE_BYTES)
    add(request, "inputs", 2, field.TYPE_MESSAGE, many, of="PredictRequest.InputsEntry")
    log = file.message_type.add(name="PredictLog")
    add(log, "request", 1, field.TYPE_MESSAGE, of="PredictRequest")
    add(file.message_type.add(name="PredictionLog"), "predict_log", 6, field.TYPE_MESSAGE, of="PredictLog")
    return file
