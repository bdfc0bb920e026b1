"""Dropout by a hash: as many as promised are hidden, and no pattern shows."""

import keras
import numpy as np
import pytest
from keras import ops

from backends import JIT, policy, run
from contracts.samples import remade
from tfmmrec.layers import Dropout

ONES = np.ones((64, 40, 25), "float32")


def drawn(rate=0.25, times=1, seed=7):
    """Which values are hidden, ``[times, 64, 40, 25]``, by one layer in successive steps."""
    layer = Dropout(rate, seed=seed)
    return np.stack([ops.convert_to_numpy(layer(ONES, training=True)) for _ in range(times)]) == 0


@pytest.mark.backend
def test_what_is_left_is_scaled_up():
    layer = Dropout(0.2, seed=0)
    out = run(lambda x: layer(x, training=True), ONES)
    assert set(np.unique(out).tolist()) == {0.0, 1.25}
    assert (out == 0).mean() == pytest.approx(0.2, abs=0.007)
    np.testing.assert_array_equal(run(lambda x: layer(x, training=False), ONES), ONES)
    np.testing.assert_array_equal(run(lambda x: Dropout(0.0)(x, training=True), ONES), ONES)


@pytest.mark.parametrize("rate", [0.01, 0.25, 0.5, 0.9])
def test_no_place_and_no_step_tells_of_another(rate):
    hidden = drawn(rate, times=8).reshape(8, -1).astype(float)
    spread = (rate * (1 - rate)) ** 0.5 / hidden.shape[1] ** 0.5
    np.testing.assert_allclose(hidden.mean(axis=1), rate, atol=4.5 * spread)
    normal = (hidden - rate) / (rate * (1 - rate)) ** 0.5
    most = 4.5 / hidden.shape[1] ** 0.5
    for distance in (1, 2, 3, 25, 40, 64, 1000, 1024, 4096):
        along = (normal[:, distance:] * normal[:, :-distance]).mean(axis=1)
        assert np.abs(along).max() < 1.2 * most, distance
    between = np.corrcoef(normal)[~np.eye(8, dtype=bool)]
    assert np.abs(between).max() < most


def test_layers_of_other_seeds_hide_other_values():
    one, other = drawn(seed=1).ravel(), drawn(seed=2).ravel()
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0, abs=4.5 / one.size**0.5)
    np.testing.assert_array_equal(drawn(seed=1).ravel(), one)


@pytest.mark.backend
def test_every_backend_hides_the_same():
    """By hand, in 64-bit whole numbers."""

    def mixed(x):
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            x = ((x ^ (x >> shift)) * factor) % 2**32
        return x ^ (x >> 16)

    layer = Dropout(0.5, seed=3)
    first, second = (int(value) for value in np.asarray(layer.seed_generator.state).astype("uint32"))
    first = mixed((first + mixed(second)) % 2**32)
    second = mixed((first + second) % 2**32)
    expected = [mixed((mixed((i + first) % 2**32) + second) % 2**32) >= 2**31 for i in range(200)]
    out = run(lambda x: layer(x, training=True), np.ones((8, 25), "float32"))
    np.testing.assert_array_equal(out.ravel() > 0, expected)


def test_the_size_may_be_unknown_while_it_is_compiled():
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, Dropout(0.5)(inputs))
    model.compile(jit_compile=JIT)
    out = ops.convert_to_numpy(model(np.ones((50, 7, 3), "float32"), training=True))
    assert 0.4 < (out == 0).mean() < 0.6


def test_configuration_and_mixed_precision():
    layer = Dropout(0.3, seed=5, name="drop")
    assert remade(layer).get_config() == layer.get_config()
    with policy("mixed_bfloat16"):
        out = Dropout(0.5)(ONES, training=True)
    assert keras.backend.standardize_dtype(out.dtype) == "bfloat16"
