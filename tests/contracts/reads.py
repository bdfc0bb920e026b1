"""How a graph reads its variables."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import tensorflow as tf
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable


@contextmanager
def no_copies() -> Iterator[None]:
    """Of what is traced within it no variable is gathered from that is also read as a whole.

    TensorFlow copies a variable each time it is read as a whole once it was gathered from (its
    ``copy_on_read_mode``): for each request all vectors of a catalogue.
    """
    by_rows: dict[int, tf.Variable] = {}
    whole: dict[int, tf.Variable] = {}
    gather, read = BaseResourceVariable.sparse_read, BaseResourceVariable._read_variable_op

    def gathered(self, *arguments, **settings):
        if not tf.executing_eagerly():
            by_rows[id(self)] = self
        return gather(self, *arguments, **settings)

    def read_whole(self, *arguments, **settings):
        if not tf.executing_eagerly():
            whole[id(self)] = self
        return read(self, *arguments, **settings)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseResourceVariable, "sparse_read", gathered)
        patch.setattr(BaseResourceVariable, "_read_variable_op", read_whole)
        yield
    assert by_rows or whole, "nothing was traced"
    assert not [(one.name, one.shape) for key, one in by_rows.items() if key in whole]
