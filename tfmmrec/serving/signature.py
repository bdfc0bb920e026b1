"""What a signature takes and gives: names, dtypes and shapes, as a server tells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_DTYPES = {
    "DT_STRING": "string",
    "DT_FLOAT": "float32",
    "DT_DOUBLE": "float64",
    "DT_INT32": "int32",
    "DT_INT64": "int64",
    "DT_BOOL": "bool",
}


class TensorInfo(NamedTuple):
    """One input or output.

    Attributes:
        dtype: ``"string"``, or a numpy dtype by name.
        shape: sizes of the axes, None where they differ from request to request.
    """

    dtype: str
    shape: tuple[int | None, ...]

    @property
    def numpy(self) -> str:
        """The dtype of a numpy array of it: strings are objects, bytes of any length."""
        return "object" if self.dtype == "string" else self.dtype


class Signature(NamedTuple):
    """A function of an export.

    Attributes:
        inputs: by name.
        outputs: by name.
    """

    inputs: Mapping[str, TensorInfo]
    outputs: Mapping[str, TensorInfo]


def from_metadata(metadata: dict[str, Any]) -> dict[str, Signature]:
    """The signatures in an answer of TensorFlow Serving to ``GET /v1/models/<model>/metadata``.

    Args:
        metadata: the JSON: a ``SignatureDefMap`` of SignatureDef protos (``meta_graph.proto``), whose 64-bit
            numbers are strings and whose unknown sizes are −1.

    Raises:
        KeyError: it is something else.
    """
    signatures = metadata["metadata"]["signature_def"]["signature_def"]
    return {
        name: Signature(_tensors(one.get("inputs", {})), _tensors(one.get("outputs", {})))
        for name, one in signatures.items()
        if not name.startswith("__")  # `__saved_model_init_op` is for loading, not for asking
    }


def _tensors(described: dict[str, Any]) -> dict[str, TensorInfo]:
    return {
        name: TensorInfo(
            _DTYPES.get(info["dtype"], info["dtype"]),
            tuple(
                size if (size := int(dim["size"])) >= 0 else None
                for dim in info["tensor_shape"].get("dim", [])
            ),
        )
        for name, info in described.items()
    }
