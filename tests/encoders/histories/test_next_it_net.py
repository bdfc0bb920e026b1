"""Dilated causal convolutions: the contract, a convolution by hand, and how far they see."""

import numpy as np
import pytest
from keras import ops

from backends import compiled, run
from contracts import HistoryContract
from contracts.samples import random
from tfmmrec.encoders.histories import NextItNet


class TestNextItNet(HistoryContract):
    component = NextItNet


class TestNextItNetOfPairs(HistoryContract):
    component = NextItNet
    settings = {"window": 2}
    layers = 3


def test_the_past_of_a_window_by_hand():
    layer = NextItNet(3, 1, layers=1, window=2)
    layer.build()
    layer.convolutions[0].kernel.assign([[1.0], [10.0]])  # the place itself and the one before
    layer.projections[0].kernel.assign([[1.0]])
    layer.norm.scale.assign([1.0])
    layer.norm.call = lambda x: x  # what it normalises can be read
    x = np.asarray([[[1], [-1], [1], [1]]], "float32")  # RMS 1: the first norm changes nothing
    found = run(lambda x: layer.read(x, np.asarray([[0, 0, 2, 2]]), None, False), x)
    heard = np.asarray([1, -1 + 10, 1, 1 + 10], "float32")[None, :, None]
    np.testing.assert_allclose(found, x + np.asarray(ops.gelu(heard)), rtol=1e-4)


@pytest.mark.parametrize(("layers", "seen"), [(1, 3), (2, 7)])
def test_each_layer_sees_twice_as_far(layers, seen):
    layer = NextItNet(20, 8, layers=layers)
    layer.build()
    x, other, window = random(1, 20, 8), random(1, 20, 8), np.zeros((1, 20), "int32")
    other[0, 6] += 1
    read = compiled(lambda x: layer.read(x, window, None, False))
    moved = np.abs(read(x) - read(other))
    np.testing.assert_array_equal(np.flatnonzero(moved[0].max(axis=-1) > 1e-6), np.arange(6, 6 + seen))


def test_a_window_without_a_past():
    with pytest.raises(ValueError, match="window of 2 events or more, got 1"):
        NextItNet(5, 8, layers=1, window=1)
