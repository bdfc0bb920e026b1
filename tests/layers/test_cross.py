"""A cross layer: by hand, of low rank, and beside the one of keras-rs."""

import keras
import numpy as np
import pytest

from backends import run
from contracts.samples import random, remade
from tfmmrec.layers import Cross


def built(rank=None):
    layer = Cross(rank)
    layer(keras.Input((3, 4)), keras.Input((3, 4)))
    for weight in layer.trainable_variables:
        weight.assign(random(*weight.shape, seed=weight.shape[0]))
    return layer


@pytest.mark.backend
@pytest.mark.parametrize("rank", [None, 2])
def test_by_hand(rank):
    layer, first, x = built(rank), random(2, 3, 4), random(2, 3, 4, seed=1)
    kernel = np.asarray(layer.mix.kernel)
    if rank:
        kernel = np.asarray(layer.thin.kernel) @ kernel
    found = run(layer, first, x)
    np.testing.assert_allclose(found, first * (x @ kernel + np.asarray(layer.mix.bias)) + x, rtol=1e-4)
    assert layer.compute_output_shape(first.shape, x.shape) == found.shape
    assert remade(layer).get_config() == layer.get_config()


@pytest.mark.parametrize("rank", [None, 2])
def test_it_is_what_the_layer_of_keras_rs_computes(rank):
    keras_rs = pytest.importorskip("keras_rs", reason="needs the extra keras-rs")
    ours, first, x = built(rank), random(5, 4), random(5, 4, seed=1)
    theirs = keras_rs.layers.FeatureCross(projection_dim=rank)
    theirs(first, x)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(run(ours, first, x), run(theirs, first, x), rtol=1e-4)


def test_the_rank_is_1_or_more():
    with pytest.raises(ValueError, match="rank must be 1 or more, or None for a whole matrix, got 0"):
        Cross(0)
