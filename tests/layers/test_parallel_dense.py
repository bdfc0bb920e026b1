"""Dense layers side by side: each is one."""

import keras
import numpy as np
import pytest

from backends import run
from contracts.samples import random, remade
from tfmmrec.layers import ParallelDense


@pytest.mark.backend
@pytest.mark.parametrize("own", [True, False])
def test_each_is_a_dense_layer(own):
    layer = ParallelDense(3, 2, "softmax", own=own)
    x = random(4, 5, 3, 6) if own else random(4, 5, 6)
    layer(keras.Input(x.shape[1:]))
    layer.bias.assign(random(3, 2, seed=1))
    kernel, bias = (np.asarray(weight) for weight in layer.weights)
    found = run(layer, x)
    assert found.shape == layer.compute_output_shape(x.shape) == (4, 5, 3, 2)
    for at in range(3):
        logits = (x[:, :, at] if own else x) @ kernel[at] + bias[at]
        share = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(found[:, :, at], share, rtol=1e-5)
    assert remade(layer).get_config() == layer.get_config()


def test_each_begins_as_a_dense_layer_does():
    layer, one = ParallelDense(50, 8), keras.layers.Dense(8)
    layer.build((None, 16))
    one.build((None, 16))
    limit = np.abs(np.asarray(one.kernel)).max()
    of_each = np.abs(np.asarray(layer.kernel)).max(axis=(1, 2))
    np.testing.assert_allclose(of_each, limit, rtol=0.1)


def test_the_gradient_does_not_hold_the_product_of_every_row():
    tf = pytest.importorskip("tensorflow")
    layer = ParallelDense(3, 8)
    layer.build((None, None, 8))

    @tf.function
    def gradient(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        return tape.gradient(loss, layer.kernel)

    x = tf.constant(random(16, 4, 8))
    operations = gradient.get_concrete_function(x).graph.get_operations()
    sizes = [output.shape.num_elements() or 0 for operation in operations for output in operation.outputs]
    assert max(sizes) <= 16 * 4 * 3 * 8  # and not 16 x 4 x 8 x 3 x 8
