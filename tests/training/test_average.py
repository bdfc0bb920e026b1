"""The moving average of weights: there while it is asked for, and the weights as they were afterwards."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from backends import JIT, policy
from contracts.samples import random
from tfmmrec.training.average import averaged
from tfmmrec.training.row_updates import RowAdamW


@pytest.mark.backend
@pytest.mark.parametrize("dtype", ["float32", "mixed_float16"])
def test_inside_the_weights_are_the_averages(dtype):
    """In mixed_float16 Keras wraps the optimizer, and the wrapper itself keeps none."""
    with policy(dtype):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    optimizer = RowAdamW(0.1, use_ema=True, ema_momentum=0.5)
    model.compile(optimizer, "mse", jit_compile=JIT)
    assert (model.optimizer is optimizer) == (dtype == "float32")
    seen = []
    for _ in range(2):
        model.train_on_batch(random(4, 3), random(4, 1, seed=1))
        seen.append(convert_to_numpy(model.layers[0].kernel))
    with averaged(model):
        # the first step is where the average begins
        np.testing.assert_allclose(
            convert_to_numpy(model.layers[0].kernel), (seen[0] + seen[1]) / 2, rtol=1e-5
        )
    np.testing.assert_array_equal(convert_to_numpy(model.layers[0].kernel), seen[1])
    assert np.abs(seen[0] - seen[1]).max() > 0.01


def test_without_averages_nothing_changes():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with averaged(model):
        for one, other in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(one, other)
