"""Signatures as TensorFlow Serving's metadata describes them."""

import pytest

from tfmmrec.serving.signature import Signature, TensorInfo, from_metadata


def tensor(dtype, *sizes):
    dims = [{"size": str(size), "name": ""} for size in sizes]
    return {"dtype": dtype, "tensor_shape": {"dim": dims, "unknown_rank": False}, "name": "x:0"}


def described(signatures):
    """An answer to a request for metadata, in its published form."""
    return {
        "model_spec": {"name": "demo", "signature_name": "", "version": "3"},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def test_names_dtypes_and_shapes():
    said = described(
        {
            "__saved_model_init_op": {
                "inputs": {},
                "outputs": {"op": tensor("DT_INVALID")},
                "method_name": "",
            },
            "encode_user": {
                "inputs": {"user_id": tensor("DT_STRING", -1), "history_time": tensor("DT_DOUBLE", -1, -1)},
                "outputs": {"vector": tensor("DT_FLOAT", -1, 8)},
                "method_name": "tensorflow/serving/predict",
            },
        }
    )
    assert from_metadata(said) == {
        "encode_user": Signature(
            {"user_id": TensorInfo("string", (None,)), "history_time": TensorInfo("float64", (None, None))},
            {"vector": TensorInfo("float32", (None, 8))},
        )
    }


def test_something_else_is_no_metadata():
    with pytest.raises(KeyError):
        from_metadata({"metadata": {}})


def test_strings_are_objects_in_numpy():
    assert TensorInfo("string", (None,)).numpy == "object"
    assert TensorInfo("int32", (None,)).numpy == "int32"
