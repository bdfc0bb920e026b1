"""A block whose queries read tokens of something else: one value by hand, and its masks."""

import numpy as np
import pytest

from backends import run
from contracts.samples import WIDTH, random, remade
from tfmmrec.layers import CrossAttention


@pytest.fixture
def block():
    layer = CrossAttention(WIDTH, heads=1, dropout=0.5)
    layer.build()
    return layer


MASK = np.asarray([[True, True, False], [True, False, False]])


@pytest.mark.backend
def test_by_hand(block):
    x, y = random(2, 1, WIDTH), random(2, 3, WIDTH, seed=1)
    feed_forward = block.feed_forward.output_projection
    feed_forward.kernel.assign(0 * np.asarray(feed_forward.kernel))
    attention = block.attention
    to_query, to_key, to_value, out = (
        np.asarray(layer.kernel).reshape(WIDTH, WIDTH)
        for layer in (
            attention._query_dense,
            attention._key_dense,
            attention._value_dense,
            attention._output_dense,
        )
    )
    read = run(block, x, y, MASK)

    def norm(v):
        return v / np.sqrt((v**2).mean(axis=-1, keepdims=True) + 1e-6)

    for row in range(2):
        seen = norm(y[row][MASK[row]])
        score = np.exp(norm(x[row]) @ to_query @ (seen @ to_key).T / np.sqrt(WIDTH))
        expected = x[row] + score / score.sum() @ (seen @ to_value) @ out
        np.testing.assert_allclose(read[row], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.backend
def test_masked_tokens_are_not_read(block):
    x, y = random(2, 2, WIDTH), random(2, 3, WIDTH, seed=1)
    other = np.where(MASK[..., None], y, 9.0).astype("float32")
    np.testing.assert_allclose(run(block, x, other, MASK), run(block, x, y, MASK), rtol=1e-5, atol=1e-6)


def test_dropout_is_for_training_alone_and_the_configuration_is_kept(block):
    x, y = random(2, 2, WIDTH), random(2, 3, WIDTH, seed=1)
    asked = run(lambda *given: block(*given, training=False), x, y, MASK)
    np.testing.assert_array_equal(run(lambda *given: block(*given, training=False), x, y, MASK), asked)
    assert np.abs(run(lambda *given: block(*given, training=True), x, y, MASK) - asked).max() > 1e-3
    assert remade(block).get_config() == block.get_config()


def test_heads_must_share_the_width():
    with pytest.raises(ValueError, match="width must be a multiple of heads, got width=8 and heads=3"):
        CrossAttention(8, heads=3)
