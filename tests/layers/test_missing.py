"""The learned token of what is missing, and modality dropout."""

import keras
import numpy as np
import pytest

from backends import arrays, policy, run
from contracts.samples import random, remade
from tfmmrec.layers import MissingToken

MASK = np.asarray([[True, True, False], [False, False, False], [False, True, False]])


def built(width=4, rate=0.0):
    layer = MissingToken(width, rate)
    layer(keras.Input((None, width)), keras.Input((None,), dtype="bool"))
    return layer


@pytest.mark.backend
def test_a_row_without_tokens_gets_the_learned_one():
    layer, tokens = built(), random(3, 3, 4)
    tokens[1] = np.nan  # what stands there is nobody's business
    out, mask, present = run(layer, tokens, MASK)
    np.testing.assert_array_equal(out[[0, 2]], tokens[[0, 2]])
    np.testing.assert_array_equal(out[1, 0], layer.token)
    assert np.isfinite(out[1]).all()
    np.testing.assert_array_equal(mask, [MASK[0], [True, False, False], MASK[2]])
    assert present.tolist() == [True, False, True]
    shapes = layer.compute_output_shape(tokens.shape, MASK.shape)
    assert shapes == (out.shape, mask.shape, present.shape)


@pytest.mark.backend
def test_dropout_hides_whole_rows_in_training_at_its_rate():
    layer, tokens, mask = built(rate=0.3), random(1000, 2, 4), np.ones((1000, 2), bool)
    out, seen, present = run(lambda t, m: layer(t, m, training=True), tokens, mask)
    assert 0.25 < 1 - present.mean() < 0.35
    np.testing.assert_array_equal(out[present], tokens[present])
    np.testing.assert_array_equal(out[~present, 0], np.tile(layer.token, ((~present).sum(), 1)))
    np.testing.assert_array_equal(seen[present], mask[present])
    np.testing.assert_array_equal(seen[~present], np.tile([True, False], ((~present).sum(), 1)))
    out, _, present = run(lambda t, m: layer(t, m, training=False), tokens, mask)
    np.testing.assert_array_equal(out, tokens)
    assert present.all()


def test_each_call_hides_other_rows():
    layer, tokens, mask = built(rate=0.5), random(100, 2, 4), np.ones((100, 2), bool)
    first, second = (arrays(layer(tokens, mask, training=True)[2]) for _ in range(2))
    assert 20 < (first != second).sum() < 80


def test_configuration_and_mixed_precision():
    layer = built(rate=0.2)
    assert remade(layer).get_config() == layer.get_config()
    with policy("mixed_bfloat16"):
        layer = built()
    out, _, _ = layer(random(3, 3, 4), MASK)
    assert keras.backend.standardize_dtype(out.dtype) == "bfloat16" and layer.token.dtype == "float32"


@pytest.mark.parametrize("rate", [-0.1, 1.0, 2])
def test_a_rate_is_below_one(rate):
    with pytest.raises(ValueError, match=rf"dropout rate lies in \[0, 1\), got {rate}"):
        MissingToken(4, rate)
