"""From many tokens to few."""

import keras
import numpy as np
import pytest
from keras import ops

from backends import gradients, policy, run
from contracts.samples import random, remade
from tfmmrec.layers import Summary, masked_mean


def test_a_mean_by_hand():
    tokens = np.asarray([[[1.0, 2.0], [3.0, 6.0], [np.nan, 9.0]], [[5.0, 5.0]] * 3], "float32")
    mask = np.asarray([[True, True, False], [False] * 3])
    np.testing.assert_array_equal(run(masked_mean, tokens, mask), [[2, 4], [0, 0]])


def test_a_masked_nan_has_no_gradient():
    tokens = np.asarray([[[1.0, 2.0], [np.nan, 9.0]]], "float32")
    mask = ops.convert_to_tensor([[True, False]])
    _, (slope,) = gradients(lambda x: ops.sum(ops.square(masked_mean(x, mask))), [], [tokens])
    np.testing.assert_array_equal(slope, [[[2, 4], [0, 0]]])


def built(count=2, width=8):
    keras.utils.set_random_seed(0)
    layer = Summary(count, width, heads=2)
    layer(keras.Input((None, width)), keras.Input((None,), dtype="bool"))
    return layer


@pytest.mark.backend
def test_summaries_read_what_is_not_masked():
    layer, tokens = built(), random(4, 5, 8)
    mask = np.arange(5) < np.asarray([5, 3, 1, 0])[:, None]
    out, seen = run(layer, tokens, mask)
    assert out.shape == (4, 2, 8) and seen.shape == (4, 2)
    assert layer.compute_output_shape(tokens.shape) == (out.shape, seen.shape)
    np.testing.assert_array_equal(seen, [[True] * 2] * 3 + [[False] * 2])
    assert np.isfinite(out).all()
    other = np.where(mask[..., None], tokens, 100.0).astype("float32")
    np.testing.assert_allclose(run(layer, other, mask)[0][:3], out[:3], rtol=1e-5, atol=1e-6)
    cut, _ = run(layer, tokens[1:2, :3], mask[1:2, :3])
    np.testing.assert_allclose(cut[0], out[1], rtol=1e-5, atol=1e-6)
    assert np.abs(out[:, 0] - out[:, 1]).max() > 1e-3  # each query reads in its own way


def test_a_single_token_by_hand():
    layer, token = built(), random(1, 1, 8)
    attention = layer.attention
    value, output = (np.asarray(dense.kernel) for dense in (attention._value_dense, attention._output_dense))
    normed = token / np.sqrt((token**2).mean() + 1e-7)
    read = np.einsum("btd,dhk,hko->bto", normed, value, output)  # one token gets all the attention
    out, _ = run(layer, token, np.ones((1, 1), bool))
    np.testing.assert_allclose(out, np.tile(token + read, (1, 2, 1)), rtol=1e-4, atol=1e-5)


def test_configuration_and_mixed_precision():
    layer = built()
    assert remade(layer).get_config() == layer.get_config()
    with policy("mixed_bfloat16"):
        out, _ = built()(random(2, 3, 8), np.ones((2, 3), bool))
    assert keras.backend.standardize_dtype(out.dtype) == "bfloat16"
