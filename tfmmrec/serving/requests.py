"""Python values to the padded tensors of a request, and answers back to Python values."""

from __future__ import annotations

from typing import Any

import numpy as np


def to_tensors(arguments: dict[str, Any], specs: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """One question, or a batch of them, as the tensors a signature takes.

    An input ``[B]`` takes a value for one question and a list of values for a batch; an input ``[B, ?]``
    takes a list for one, and a list of lists for a batch. In a batch, what is given for one question goes
    for all. None is padding; what is not given is absent.

    Args:
        arguments: Python values by name of the input.
        specs: every input's name → its ``tf.TensorSpec``.

    Returns:
        The tensors, and whether it was one question.

    Raises:
        ValueError: values of another kind or nesting, or batches of different sizes.
    """
    import tensorflow as tf

    given = {name: value for name, value in arguments.items() if value is not None}
    batches = {name for name, value in given.items() if _depth(value) == len(specs[name].shape)}
    rows = {name: _rows(name, value, len(specs[name].shape)) for name, value in given.items()}
    sizes = {name: len(rows[name]) for name in sorted(batches)}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"Every batch in a request must be of one size, got {sizes}.")
    size = max(sizes.values(), default=1)
    if not size:
        raise ValueError(f"A batch needs at least one question, got none in {sorted(batches)[0]!r}.")
    tensors = {}
    for name, spec in specs.items():
        values = rows.get(name, [None])
        values = values if name in batches else values * size
        if len(spec.shape) == 2:
            lists = [value or [] for value in values]
            width = max(1, *map(len, lists))
            values = [cell for one in lists for cell in [*one, *[None] * (width - len(one))]]
        cells = [_cell(name, cell, spec.dtype) for cell in values]
        shape = [size, len(cells) // size][: len(spec.shape)]
        tensors[name] = tf.constant(cells, spec.dtype, shape)
    return tensors, not batches


def to_answers(outputs: dict[str, Any]) -> list[dict[str, Any]]:
    """Outputs ``[B, …]`` as one dict per question: strings, and floats or numpy arrays for numbers."""
    names = sorted(outputs, key=lambda name: (name not in ("item_id", "score"), name))
    arrays = {name: outputs[name].numpy() for name in names}
    answers = []
    for row in range(len(next(iter(arrays.values())))):
        answer = {}
        for name, array in arrays.items():
            value = array[row]
            if array.dtype == object:
                value = value.decode() if isinstance(value, bytes) else [cell.decode() for cell in value]
            elif not np.ndim(value):
                value = float(value)
            answer[name] = value
        answers.append(answer)
    return answers


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


def _cell(name: str, cell: Any, dtype: Any) -> Any:
    import tensorflow as tf

    if dtype == tf.string:
        if isinstance(cell, int) and not isinstance(cell, bool | np.bool_):
            cell = str(cell)  # an id that looks like a number
        if cell is not None and not isinstance(cell, str | bytes):
            raise ValueError(f"{name} takes strings (or bytes, for media), got {cell!r}.")
        return b"" if cell is None else cell
    if dtype == tf.bool:
        return bool(cell)
    kind = int if dtype.is_integer else float
    try:
        return (0 if kind is int else float("nan")) if cell is None else kind(cell)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} takes numbers, got {str(cell)[:80]!r}.") from error
