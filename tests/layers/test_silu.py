"""The activation by hand, beside Keras's, and in a layer that is saved."""

import keras
import numpy as np
import pytest
from keras import ops

from backends import gradients
from tfmmrec.layers import silu


@pytest.mark.backend
def test_by_hand():
    x = np.array([-1.0, 0.0, 1.0, 2.0, 100.0], "float32")
    expected = [-0.26894142, 0.0, 0.73105858, 1.76159416, 100.0]  # x / (1 + e^-x)
    np.testing.assert_allclose(ops.convert_to_numpy(silu(x)), expected, rtol=1e-6)


@pytest.mark.backend
def test_its_gradient_is_that_of_keras():
    x = np.linspace(-20, 20, 81).astype("float32")
    _, ours = gradients(lambda x: ops.sum(silu(x)), inputs=[x])
    _, theirs = gradients(lambda x: ops.sum(ops.silu(x)), inputs=[x])
    np.testing.assert_allclose(ours[0], theirs[0], atol=1e-6)


def test_a_layer_with_it_comes_back():
    layer = keras.layers.Dense(2, activation=silu)
    assert keras.layers.deserialize(keras.layers.serialize(layer)).activation is silu
