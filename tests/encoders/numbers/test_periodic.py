"""Periodic numbers: waves by hand; the contract is Number's."""

import keras
import numpy as np
import pytest

from backends import policy, run
from contracts.samples import remade
from tfmmrec.encoders.numbers import Periodic


def test_waves_by_hand():
    layer = Periodic(4, 1, frequencies=2)
    layer.build()
    layer.frequency.assign([[0.25, 1.0]])
    layer.hidden.kernel.assign(np.eye(4))
    layer.projection.kernel.assign(np.eye(4))
    tokens, mask = layer({"number": np.asarray([1.0, np.nan, 0.5], "float32")})
    half = 0.5**0.5
    # sin 2π/4, sin 2π, cos 2π/4, cos 2π; what is below 0 is 0
    np.testing.assert_allclose(tokens[0, 0], [1, 0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(tokens[2, 0], [half, 0, half, 0], atol=1e-6)
    assert np.asarray(mask).tolist() == [[True], [False], [True]]
    assert remade(layer).get_config() == layer.get_config()


def test_near_numbers_stay_apart_in_half_precision():
    """The waves are what they are in float32, to the rounding of bfloat16."""
    numbers = np.linspace(-3, 3, 601).astype("float32")
    made = []
    for name in ("float32", "mixed_bfloat16"):
        with policy(name):
            keras.utils.set_random_seed(0)
            layer = Periodic(32, 1, scale=5.0)
            layer.build()
        made.append(run(layer, {"number": numbers})[0][:, 0].astype("float32"))
    whole, half = made
    assert np.sqrt(np.mean((half - whole) ** 2) / np.mean(whole**2)) < 0.01
    assert len(np.unique(half, axis=0)) == 601


def test_the_scale_is_that_of_the_frequencies():
    layer = Periodic(8, 3, frequencies=400, scale=2.0)
    layer.build()
    assert 1.8 < np.asarray(layer.frequency).std() < 2.2


@pytest.mark.parametrize("settings", [{"frequencies": 0}, {"scale": 0}])
def test_no_waves(settings):
    with pytest.raises(ValueError, match="needs 1 frequency or more and a scale above 0"):
        Periodic(8, 1, **settings)
