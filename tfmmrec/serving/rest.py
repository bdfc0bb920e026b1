"""TensorFlow Serving's JSON: a predict request to arrays, and arrays to its answer."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tfmmrec.members import suggestion
from tfmmrec.serving.json_tensors import to_json
from tfmmrec.serving.signature import Signature, TensorInfo

Arrays = dict[str, np.ndarray]


class Asked(NamedTuple):
    """A predict request that was understood.

    Attributes:
        signature: its name.
        inputs: an array for every input, all of as many rows; strings are bytes in arrays of objects.
        columnar: whether it came as ``inputs``, and is answered as ``outputs``.
    """

    signature: str
    inputs: Arrays
    columnar: bool


def read_request(body: bytes, signatures: Mapping[str, Signature]) -> Asked:
    """Reads ``{"signature_name": …, "instances": [{…}, …]}`` or ``{…, "inputs": {…}}``.

    Bytes are ``{"b64": "…"}``; ``NaN`` stands bare, as in TensorFlow Serving.

    Args:
        body: JSON.
        signatures: what can be asked, by name.

    Raises:
        ValueError: it is not such a request; the message tells what was expected.
    """
    request = _json(body)
    if not isinstance(request, dict):
        raise ValueError(f"A request is a JSON object, got {_short(request)}.")
    if strange := set(request) - {"signature_name", "instances", "inputs"}:
        raise ValueError(
            f"A request has signature_name, and instances or inputs; got {_short(sorted(strange))}, too."
        )
    name = request.get("signature_name", "serving_default")
    if not isinstance(name, str) or name not in signatures:
        wrong = suggestion(name[:80], signatures) if isinstance(name, str) else ""
        raise ValueError(
            f"signature_name must be one of {', '.join(sorted(signatures))}; got {_short(name)}.{wrong}"
        )
    specs = signatures[name].inputs
    if ("instances" in request) == ("inputs" in request):
        raise ValueError(
            'Give either "instances", a list with an object for each question, or "inputs", an object with a '
            "list for each input."
        )
    columnar = "inputs" in request
    given = _columns(request["inputs"], specs) if columnar else _stacked(request["instances"], specs)
    _check_names(name, given, specs)
    inputs = {one: _array(one, given[one], spec) for one, spec in specs.items()}
    sizes = {one: len(array) for one, array in inputs.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"Every input needs as many rows, one for each question; got {_short(sizes)}.")
    if not all(sizes.values()):
        raise ValueError("A request needs at least one question; got none.")
    return Asked(name, inputs, columnar)


def write_answer(outputs: Arrays, columnar: bool) -> bytes:
    """Outputs ``[B, …]`` as ``{"outputs": {…}}``, or as ``{"predictions": [{…}, …]}``.

    A signature with one output answers with its value in place of an object.
    """
    columns = {name: to_json(array) for name, array in outputs.items()}
    if len(columns) == 1:
        (values,) = columns.values()
        return _written({"outputs" if columnar else "predictions": values})
    if columnar:
        return _written({"outputs": columns})
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return _written({"predictions": rows})


def write_error(message: str) -> bytes:
    """``{"error": "…"}``."""
    return _written({"error": message})


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError, too
        raise ValueError(f"The body is not JSON: {error}.") from error


def _columns(inputs: Any, specs: Mapping[str, TensorInfo]) -> dict[str, Any]:
    if isinstance(inputs, dict) and not (len(specs) == 1 and set(inputs) == {"b64"}):
        return inputs
    if len(specs) == 1:
        return {next(iter(specs)): inputs}
    raise ValueError(f'"inputs" must be an object with a list for each input, got {_short(inputs)}.')


def _stacked(instances: Any, specs: Mapping[str, TensorInfo]) -> dict[str, Any]:
    if not isinstance(instances, list) or not instances:
        raise ValueError(
            f'"instances" must be a list with an object for each question, got {_short(instances)}.'
        )
    if len(specs) == 1:
        only = next(iter(specs))
        instances = [
            one if isinstance(one, dict) and set(one) == {only} else {only: one} for one in instances
        ]
    for one in instances:
        if not isinstance(one, dict) or set(one) != set(instances[0]):
            raise ValueError(f"Every instance must be an object with the same inputs, got {_short(one)}.")
    return {name: [one[name] for one in instances] for name in instances[0]}


def _check_names(signature: str, given: Mapping[str, Any], specs: Mapping[str, TensorInfo]) -> None:
    for name in given:
        if name not in specs:
            wrong = suggestion(name[:80], specs)
            raise ValueError(f"{signature} takes no {name[:80]!r}.{wrong}")
    lacking = [name for name in specs if name not in given]
    if lacking:
        padding = ", ".join(f'"{name}": {_padding(specs[name])}' for name in sorted(lacking))
        raise ValueError(
            f"{signature} needs every input in every request. To leave them out, send, in each row: {padding}"
        )


def _padding(spec: TensorInfo) -> str:
    """What stands for nothing in a row, as JSON."""
    one = {"string": '""', "bool": "false", "int32": "10"}.get(spec.dtype, "NaN")
    return one if len(spec.shape) == 1 else f"[{', '.join([one] * (spec.shape[1] or 1))}]"


def _array(name: str, values: Any, spec: TensorInfo) -> np.ndarray:
    """Nested lists to an array of the spec's rank and kind.

    Raises:
        ValueError: they are something else.
    """
    shape: list[int] = []
    inner = values
    while isinstance(inner, list):
        shape.append(len(inner))
        if not inner:
            break
        inner = inner[0]
    if len(shape) != len(spec.shape):
        wanted = "a value" if len(spec.shape) == 1 else "a list"
        raise ValueError(f"{name} must be {wanted} for each question, got {_short(values)}.")
    flat = values
    for depth in range(len(shape) - 1):
        if any(not isinstance(row, list) or len(row) != shape[depth + 1] for row in flat):
            raise ValueError(
                f"{name}: the lists of one request must be of one length: fill the shorter ones with padding "
                f"({_padding(TensorInfo(spec.dtype, (None,)))})."
            )
        flat = [cell for row in flat for cell in row]
    for size, wanted_size in zip(shape, spec.shape, strict=True):
        if wanted_size is not None and size != wanted_size:
            raise ValueError(f"{name} must be of shape {spec.shape} (None: any size), got {tuple(shape)}.")
    cells = [_cell(name, cell, spec.dtype) for cell in flat]
    if spec.dtype != "string":
        return np.array(cells, spec.dtype).reshape(shape)
    array = np.empty(len(cells), object)
    array[:] = cells
    return array.reshape(shape)


def _cell(name: str, cell: Any, dtype: str) -> Any:
    if dtype == "string":
        return _bytes(name, cell)
    if dtype == "bool":
        if not isinstance(cell, bool):
            raise ValueError(f"{name} takes true or false, got {_short(cell)}.")
        return cell
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise ValueError(f"{name} takes numbers, got {_short(cell)}.")
    if dtype.startswith("int"):
        most = np.iinfo(dtype).max
        if cell != cell or cell in (float("inf"), -float("inf")) or int(cell) != cell or abs(cell) > most:
            raise ValueError(f"{name} takes whole numbers from {-most} to {most}, got {_short(cell)}.")
        return int(cell)
    try:
        wrong = abs(cell) > float(np.finfo(dtype).max)  # an infinity, or beyond the type; NaN is padding
        cell = float(cell)
    except OverflowError:
        wrong = True
    if wrong:
        raise ValueError(f"{name} takes finite numbers of {dtype}, got {_short(cell)}.")
    return cell


def _bytes(name: str, cell: Any) -> bytes:
    if isinstance(cell, str):
        try:
            return cell.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"{name}: {_short(cell)} is no valid Unicode text ({error.reason}).") from error
    if isinstance(cell, dict) and set(cell) == {"b64"} and isinstance(cell["b64"], str):
        try:
            return base64.b64decode(cell["b64"], validate=True)
        except (ValueError, binascii.Error) as error:
            raise ValueError(f"{name}: what is in b64 is not valid base64 ({error}).") from error
    raise ValueError(f'{name} takes strings, or {{"b64": "…"}} for bytes; got {_short(cell)}.')


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _short(value: Any) -> str:
    """The beginning of a value as JSON."""
    try:
        text = json.dumps(value, ensure_ascii=True, default=str)
    except (RecursionError, ValueError):  # as deep as it could just be read, or a number of too many digits
        return f"a {'list' if isinstance(value, list) else type(value).__name__} that cannot be shown"
    return text if len(text) <= 80 else text[:77] + "…"
