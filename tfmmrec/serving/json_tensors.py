"""Arrays as the JSON of TensorFlow Serving's REST API, and back.

Source: https://www.tensorflow.org/tfx/serving/api_rest, and ``json_tensor.cc`` of TensorFlow Serving.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfmmrec.serving.signature import TensorInfo


def to_json(array: np.ndarray) -> Any:
    """An array as nested lists: text as strings, media as ``{"b64": …}``, NaN as the number NaN.

    Args:
        array: of any shape; strings are objects that hold bytes.
    """
    values = array.tolist()
    return _each(values, _string) if array.dtype == object else values


def to_array(values: Any, info: TensorInfo) -> np.ndarray:
    """The way back from `to_json`: an array of the output's dtype, whose strings are str or bytes.

    Args:
        values: nested lists of one width each.
        info: what the server said of the output: it has the sizes that an empty list does not show.

    Raises:
        ValueError: lists of different widths, or values of another kind.
    """
    if info.dtype == "string":
        array = np.asarray(_each(values, _text), object)
    else:
        array = np.asarray(values, info.numpy)
    if not array.size:
        array = array.reshape(array.shape + tuple(size or 0 for size in info.shape[array.ndim :]))
    if array.ndim != len(info.shape):
        raise ValueError(f"expected {len(info.shape)} axes, got {array.ndim}")
    return array


def led_by_padding(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Inputs whose lists begin with one column of padding, as a server that batches requires.

    TensorFlow Serving widens a request with the first element of each tensor; see
    `tfmmrec.export.CONVENTIONS`.
    Numbers that stand for a whole vector keep their columns: they are of one width in every request.
    """
    led = {}
    for name, array in inputs.items():
        if array.ndim == 2 and (array.dtype == object or name.startswith("history")):
            nothing = b"" if array.dtype == object else np.nan
            array = np.concatenate([np.full((len(array), 1), nothing, array.dtype), array], axis=1)
        led[name] = array
    return led


def _each(values: Any, change: Any) -> Any:
    return [_each(value, change) for value in values] if isinstance(values, list) else change(values)


def _string(value: bytes) -> Any:
    """Text as it is; what is no text, or holds NUL, which no text does, as the bytes of a medium."""
    try:
        text = None if b"\0" in value else value.decode()
    except UnicodeDecodeError:
        text = None
    return {"b64": base64.b64encode(value).decode()} if text is None else text


def _text(value: Any) -> str | bytes:
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    if not isinstance(value, str):
        raise ValueError(f"expected a string, got {str(value)[:80]}")
    return value
