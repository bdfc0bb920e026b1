"""Residual convolutions: the contract, and how far they see."""

import numpy as np
import pytest
from keras import ops

from contracts import SequenceContract
from contracts.samples import random
from tfmmrec.encoders.sequences import Convolution


class TestConvolution(SequenceContract):
    component = Convolution


def test_neighbours_by_hand():
    layer = Convolution(1, 3, layers=1)
    layer.build()
    layer.convolutions[0].kernel.assign([[[1.0]], [[10.0]], [[100.0]]])
    layer.projections[0].kernel.assign([[1.0]])
    x = np.asarray([[[1], [-1], [1]]], "float32")  # RMS 1: the norm changes nothing
    heard = np.asarray([[10 - 100, 1 - 10 + 100, -1 + 10]], "float32")[..., None]
    np.testing.assert_allclose(layer(x, np.ones((1, 3), bool))[0], x + ops.gelu(heard), rtol=1e-4)


@pytest.mark.parametrize(("layers", "reach"), [(1, 1), (2, 3), (3, 7)])
def test_each_layer_sees_twice_as_far(layers, reach):
    layer, mask = Convolution(8, 20, layers=layers), np.ones((1, 20), bool)
    x, other = random(1, 20, 8), random(1, 20, 8)
    other[0, 10] += 1
    x[0, :10], x[0, 11:] = other[0, :10], other[0, 11:]
    moved = np.abs(np.asarray(layer(x, mask)[0] - layer(other, mask)[0]))[0].max(axis=-1) > 1e-7
    np.testing.assert_array_equal(np.flatnonzero(moved), np.arange(10 - reach, 11 + reach))


def test_a_window_has_a_middle():
    with pytest.raises(ValueError, match="odd window, which has a middle; got 4"):
        Convolution(8, 5, window=4)
