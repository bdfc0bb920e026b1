"""Python values to the padded arrays of a request, and answers back to Python values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfmmrec.serving.signature import TensorInfo


def to_arrays(
    arguments: dict[str, Any], inputs: Mapping[str, TensorInfo]
) -> tuple[dict[str, np.ndarray], bool]:
    """One question, or a batch of them, as the arrays a signature takes.

    An input ``[B]`` takes a value for one question and a list of values for a batch; an input ``[B, ?]``
    takes a list for one, and a list of lists for a batch. In a batch, what is given for one question goes
    for all. None is padding; what is not given is absent. A list of an input ``[B, n]`` has n values.

    Args:
        arguments: Python values by name of the input.
        inputs: of the signature.

    Returns:
        The arrays, where strings are objects (UTF-8, or the bytes of media), and whether it was one question.

    Raises:
        ValueError: values of another kind or nesting, or batches of different sizes.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    batches = {name for name, value in given.items() if _depth(value) == len(inputs[name].shape)}
    rows = {name: _rows(name, value, len(inputs[name].shape)) for name, value in given.items()}
    sizes = {name: len(rows[name]) for name in sorted(batches)}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"Every batch in a request must be of one size, got {sizes}.")
    size = max(sizes.values(), default=1)
    if not size:
        raise ValueError(f"A batch needs at least one question, got none in {sorted(batches)[0]!r}.")
    arrays = {}
    for name, info in inputs.items():
        values = rows.get(name, [None])
        values = values if name in batches else values * size
        if len(info.shape) == 2:
            lists = [value or [] for value in values]
            width = info.shape[1] or max(1, *map(len, lists))
            for one in lists:
                if info.shape[1] and len(one) not in (0, width):
                    raise ValueError(f"{name} takes {width} values, of which None may be one; got {one}.")
            values = [cell for one in lists for cell in [*one, *[None] * (width - len(one))]]
        array = np.empty(len(values), info.numpy)
        for place, cell in enumerate(values):
            array[place] = _cell(name, cell, info.dtype)
        arrays[name] = array.reshape([size, len(values) // size][: len(info.shape)])
    return arrays, not batches


def to_answers(outputs: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """Outputs ``[B, …]`` as one dict per question: strings, and floats or numpy arrays for numbers."""
    first = [name for name in ("item_id", "user_id", "score") if name in outputs]
    names = first + sorted(name for name in outputs if name not in first)
    answers = []
    for row in range(len(outputs[names[0]])):
        answer = {}
        for name in names:
            value = outputs[name][row]
            if outputs[name].dtype == object:
                value = _text(value) if isinstance(value, str | bytes) else [_text(cell) for cell in value]
            elif not np.ndim(value):
                value = float(value)
            answer[name] = value
        answers.append(answer)
    return answers


def _text(cell: str | bytes) -> str:
    return cell.decode() if isinstance(cell, bytes) else cell


def _depth(value: Any) -> int:
    if isinstance(value, np.ndarray):
        return value.ndim
    if isinstance(value, list | tuple):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _rows(name: str, value: Any, rank: int) -> list[Any]:
    """A value as a list of rows: one, or a batch of them."""
    depth = _depth(value)
    if depth > rank:
        kinds = ("one value, or a list of them", "a list, or a list of lists")
        raise ValueError(f"{name} is {kinds[rank - 1]} for a batch; got {str(value)[:80]!r}.")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if depth == rank:
        return [[row] if rank == 2 and _depth(row) == 0 and row is not None else row for row in value]
    return [[value]] if rank == 2 and depth == 0 else [value]


def _cell(name: str, cell: Any, dtype: str) -> Any:
    if dtype == "string":
        if isinstance(cell, int) and not isinstance(cell, bool | np.bool_):
            cell = str(cell)  # an id that looks like a number
        if cell is not None and not isinstance(cell, str | bytes):
            raise ValueError(f"{name} takes strings (or bytes, for media), got {cell!r}.")
        return cell.encode() if isinstance(cell, str) else cell or b""
    if dtype == "bool":
        return bool(cell)
    whole = dtype.startswith("int")
    if cell is None:
        return 0 if whole else np.nan
    try:
        return np.dtype(dtype).type(int(cell) if whole else float(cell))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} takes numbers ({dtype}), got {str(cell)[:80]!r}.") from error
