"""The recurrent layer against Keras' own, and where a state begins anew."""

import keras
import numpy as np
import pytest

from backends import run
from contracts.samples import random, remade
from tfmmrec.layers import Recurrent

MASK = np.asarray([[True] * 5, [True, True, False, True, False], [False] * 5])


def built(kind, **settings):
    layer = Recurrent(kind, 4, **settings)
    layer(keras.Input((None, 3)), keras.Input((None,), dtype="bool"))
    for weight in layer.trainable_variables:
        weight.assign(0.5 * random(*weight.shape, seed=len(weight.path)))
    return layer


@pytest.mark.backend
@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_it_computes_what_keras_does(kind, backwards):
    layer, x = built(kind, backwards=backwards), random(3, 5, 3)
    theirs = {"gru": keras.layers.GRU, "lstm": keras.layers.LSTM}[kind]
    theirs = theirs(4, return_sequences=True, go_backwards=backwards)
    theirs.build((None, 5, 3))
    kernel, bias, recurrent, recurrent_bias = (np.asarray(w) for w in layer.trainable_variables)
    if kind == "gru":  # Keras has the gates in the order update, reset, new
        order = np.r_[4:8, 0:4, 8:12]
        biases = np.stack([bias, recurrent_bias])[:, order]
        theirs.set_weights([kernel[:, order], recurrent[:, order], biases])
    else:
        biases = bias + recurrent_bias + np.repeat([0, 1, 0, 0], 4)
        theirs.set_weights([kernel, recurrent, biases])
    expected = run(lambda x, mask: theirs(x, mask=mask), x, MASK)
    expected = expected[:, ::-1] if backwards else expected
    found = run(layer, x, MASK)
    np.testing.assert_allclose(found[MASK], expected[MASK], rtol=1e-4, atol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_a_state_begins_anew(kind):
    layer, x = built(kind), random(1, 5, 3)
    start = np.asarray([[True, False, True, False, False]])
    whole = run(layer, x, np.ones((1, 5), bool), start)
    parts = [run(layer, x[:, part], np.ones((1, n), bool)) for part, n in ((slice(2), 2), (slice(2, 5), 3))]
    np.testing.assert_allclose(whole, np.concatenate(parts, axis=1), rtol=1e-5, atol=1e-6)


def test_a_masked_step_keeps_the_state_even_where_it_is_no_number():
    layer, x = built("gru"), random(3, 5, 3)
    x[~MASK] = np.nan
    states = run(layer, x, MASK)
    np.testing.assert_array_equal(states[1, 2], states[1, 1])
    assert np.isfinite(states).all()
    again = remade(layer)
    assert again.get_config() == layer.get_config() and again.rnn.cell.get_config()["width"] == 4
