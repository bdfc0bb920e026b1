"""A table of which a step reads and writes a few rows, without touching the others."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def read_rows(variable: Any, rows: Any) -> Any:
    """``variable[rows]``: of ``[N, D]`` and int ``[...]`` the rows ``[..., D]``.

    Under tensorflow ``ops.take`` reads the whole variable first, which from the first `write_rows` on is a
    copy of it in every step; TensorFlow's own gather reads the rows alone.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.gather(variable.value if isinstance(variable, keras.Variable) else variable, rows)
    return ops.take(variable, rows, axis=0)


def write_rows(variable: Any, rows: Any, values: Any) -> None:
    """``variable[rows] = values``, in place; a row that is named twice has to have the same values twice.

    Under jax it is in place where the step owns its state, as Keras' compiled training step does.
    """
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        variable = variable.value if isinstance(variable, keras.Variable) else variable
        variable.scatter_update(tf.IndexedSlices(values, rows))
    else:
        variable.assign(ops.scatter_update(variable.value, ops.expand_dims(rows, 1), values))
