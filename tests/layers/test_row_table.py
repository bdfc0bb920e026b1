"""Reading and writing rows of a table."""

import keras
import numpy as np
import pytest

from contracts.samples import random
from tfmmrec.layers import read_rows, write_rows


@pytest.mark.backend
def test_rows_that_are_not_written_stay():
    before, values = random(5, 3), random(2, 3, seed=1)
    table, rows = keras.Variable(before), keras.ops.convert_to_tensor([4, 1])
    write_rows(table, rows, keras.ops.convert_to_tensor(values))
    before[[4, 1]] = values
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(table), before)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(read_rows(table, rows)), values)


def test_the_rows_are_read_and_not_the_table():
    """What tells a step whose cost is that of its rows: nothing in the graph has the size of the table."""
    import tensorflow as tf

    table = keras.Variable(random(5, 3))

    @tf.function
    def step(rows):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(read_rows(table, rows))
        gradient = tape.gradient(loss, [table])[0]
        write_rows(table, gradient.indices, gradient.values)

    operations = step.get_concrete_function(tf.TensorSpec([2], tf.int32)).graph.get_operations()
    kinds = {operation.type for operation in operations}
    assert {"ResourceGather", "ResourceScatterUpdate"} <= kinds and "ReadVariableOp" not in kinds
