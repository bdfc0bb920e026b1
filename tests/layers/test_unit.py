"""Vectors of length one, by hand."""

import numpy as np
import pytest
from keras import ops

from backends import gradients, run
from contracts.samples import remade
from tfmmrec.layers import Unit, unit


@pytest.mark.backend
def test_length_one_by_hand_and_zeros_stay_zeros():
    x = np.asarray([[3.0, 4.0], [0.0, 0.0], [-5.0, 12.0]], "float32")
    expected = [[0.6, 0.8], [0.0, 0.0], [-5 / 13, 12 / 13]]
    np.testing.assert_allclose(run(unit, x), expected, rtol=1e-6)
    np.testing.assert_allclose(run(Unit(length=10.0), x), 10 * np.asarray(expected), rtol=1e-6)


@pytest.mark.backend
def test_gradients_are_finite_and_change_no_length():
    x = np.asarray([[3.0, 4.0], [0.0, 0.0]], "float32")
    _, (gradient,) = gradients(lambda x: ops.sum(unit(x)[:, 0]), [], [x])
    assert np.isfinite(gradient).all()
    assert gradient[0] @ x[0] == pytest.approx(0, abs=1e-6) and gradient[0, 0] > 0


def test_half_precision_does_not_overflow_and_it_is_saved():
    x = ops.cast(np.full((1, 4), 300.0), "float16")  # its square is no float16
    np.testing.assert_allclose(np.asarray(unit(x), "float32"), 0.5, rtol=1e-3)
    layer = Unit(length=3.0)
    assert remade(layer).get_config() == layer.get_config()
    assert layer.compute_output_shape((None, 5, 4)) == (None, 5, 4)
