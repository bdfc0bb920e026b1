"""The Transformer block and its feed-forward half."""

import keras
import numpy as np
import pytest

from backends import policy, run
from contracts.samples import random, remade
from tfmmrec.layers import FeedForward, TransformerBlock


def block(width=8, heads=2, dropout=0.0):
    keras.utils.set_random_seed(0)
    layer = TransformerBlock(width, heads, dropout)
    layer(keras.Input((None, width)), keras.Input((None,), dtype="bool"))
    return layer


def normed(x, scale):
    return x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-7) * scale


def test_feed_forward_by_hand():
    layer, x = FeedForward(4), random(2, 3, 4)
    layer.build((None, None, 4))
    scale, gate_and_value, output = (np.asarray(weight) for weight in layer.trainable_variables)
    assert gate_and_value.shape == (4, 2 * 16)  # 8/3 of the width, a multiple of 8
    gate, value = np.split(normed(x, scale) @ gate_and_value, 2, axis=-1)
    expected = x + (gate / (1 + np.exp(-gate)) * value) @ output
    np.testing.assert_allclose(run(layer, x), expected, rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape(x.shape) == x.shape


def test_one_token_by_hand():
    layer, x = block(), random(1, 1, 8)
    scale = np.asarray(layer.attention_norm.scale)
    attention = layer.attention
    value, output = (np.asarray(dense.kernel) for dense in (attention._value_dense, attention._output_dense))
    attended = x + np.einsum("btd,dhk,hko->bto", normed(x, scale), value, output)  # all attention is its own
    expected = run(layer.feed_forward, attended.astype("float32"))
    np.testing.assert_allclose(run(layer, x, np.ones((1, 1), bool)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.backend
def test_masked_tokens_change_nothing_and_order_is_not_seen():
    layer, x = block(), random(3, 5, 8)
    mask = np.arange(5) < np.asarray([5, 3, 1])[:, None]
    out = run(layer, x, mask)
    assert out.shape == x.shape == layer.compute_output_shape(x.shape)
    other = np.where(mask[..., None], x, 50.0).astype("float32")
    np.testing.assert_allclose(run(layer, other, mask)[mask], out[mask], rtol=1e-5, atol=1e-6)
    order = np.asarray([3, 0, 4, 1, 2])
    np.testing.assert_allclose(run(layer, x[:, order], mask[:, order]), out[:, order], rtol=1e-4, atol=1e-5)
    assert np.isfinite(run(layer, x, np.zeros((3, 5), bool))).all()


def test_dropout_is_for_training_alone():
    layer, x, mask = block(dropout=0.5), random(2, 3, 8), np.ones((2, 3), bool)
    plain = block()
    plain.set_weights(layer.get_weights()[: len(plain.weights)])
    asked = run(lambda x, m: layer(x, m, training=False), x, mask)
    np.testing.assert_array_equal(asked, run(plain, x, mask))
    assert np.abs(run(lambda x, m: layer(x, m, training=True), x, mask) - asked).max() > 1e-3


@pytest.mark.parametrize("layer", [block(dropout=0.1), FeedForward(8, 0.1)], ids=["block", "feed forward"])
def test_configuration(layer):
    assert remade(layer).get_config() == layer.get_config()


def test_mixed_precision():
    with policy("mixed_bfloat16"):
        out = block()(random(2, 3, 8), np.ones((2, 3), bool))
    assert keras.backend.standardize_dtype(out.dtype) == "bfloat16"


def test_heads_share_the_width():
    with pytest.raises(ValueError, match="width must be a multiple of heads, got width=8 and heads=3"):
        TransformerBlock(8, heads=3)
