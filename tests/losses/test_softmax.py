"""The chunked and the sampled softmax against small exact computations."""

import keras
import numpy as np
import pytest
from keras import ops

from backends import run
from tfmmrec.losses import chunked_softmax, sampled_softmax

pytestmark = pytest.mark.backend


def dense(hidden, table, target, weight, bias):
    """The same by all logits at once, value and gradients."""
    logits = hidden @ table.T + bias
    logits = logits - logits.max(axis=1, keepdims=True)
    probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    place = np.arange(len(target))
    value = -(weight * np.log(probability[place, target])).sum()
    slope = probability.copy()
    slope[place, target] -= 1
    slope *= weight[:, None]
    return value, slope @ table, slope.T @ hidden


def gradients(function, *inputs):
    """Value and gradients of a scalar function on the active backend."""
    if keras.backend.backend() == "jax":
        import jax

        value, found = jax.value_and_grad(function, argnums=range(len(inputs)))(*inputs)
        return np.asarray(value), [np.asarray(g) for g in found]
    import tensorflow as tf

    given = [tf.constant(x) for x in inputs]
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = function(*given)
    return value.numpy(), [g.numpy() for g in tape.gradient(value, given)]


@pytest.mark.parametrize("chunk", [1, 3, 7, 64, None])
def test_chunked_equals_dense_in_value_and_gradient(chunk):
    rng = np.random.default_rng(0)
    hidden, table = rng.normal(size=(7, 4)).astype("float32"), rng.normal(size=(5, 4)).astype("float32")
    target, weight = rng.integers(0, 5, 7), np.array([1, 0, 2, 0.5, 1, 1, 0], "float32")
    bias = rng.normal(size=5).astype("float32")
    value, found = gradients(lambda h, t: chunked_softmax(h, t, target, weight, bias, chunk), hidden, table)
    expected, of_hidden, of_table = dense(hidden, table, target, weight, bias)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(found[0], of_hidden, atol=1e-5)
    np.testing.assert_allclose(found[1], of_table, atol=1e-5)


def test_chunked_by_hand():
    # logits 0 and ln 3: probabilities 1/4 and 3/4
    hidden, table = np.array([[1.0]], "float32"), np.array([[0.0], [np.log(3)]], "float32")
    loss = run(lambda h, t: chunked_softmax(h, t, np.array([0]), np.ones(1, "float32")), hidden, table)
    assert loss == pytest.approx(np.log(4), rel=1e-5)


def test_targets_without_weight_may_be_anything():
    hidden, table = np.ones((2, 3), "float32"), np.eye(3, dtype="float32")
    weight = np.array([1, 0], "float32")
    losses = [
        float(run(lambda h, t, k=k: chunked_softmax(h, t, np.array([1, k]), weight), hidden, table))
        for k in (0, -9, 99)
    ]
    assert losses[0] == pytest.approx(np.log(3), rel=1e-5)
    assert losses == pytest.approx([losses[0]] * 3)


def test_sampled_with_every_candidate_is_the_full_softmax():
    rng = np.random.default_rng(1)
    hidden, table = rng.normal(size=(6, 4)).astype("float32"), rng.normal(size=(5, 4)).astype("float32")
    target = rng.integers(0, 5, 6)
    losses = run(
        lambda h, t: sampled_softmax(
            h, target, ops.take(t, target, axis=0), np.arange(5), t, np.zeros(5, "float32")
        ),
        hidden,
        table,
    )
    expected, _, _ = dense(hidden, table, target, np.ones(6), np.zeros(5))
    assert losses.sum() == pytest.approx(expected, rel=1e-5)


def test_accidental_hits_and_padding_are_left_out():
    hidden = np.ones((1, 2), "float32")
    vectors = np.array([[1, 1], [0, 0], [9, 9]], "float32")
    losses = run(
        lambda h, c: sampled_softmax(
            h, np.array([4]), np.array([[1, 1]], "float32"), np.array([4, 2, -1]), c, np.zeros(3, "float32")
        ),
        hidden,
        vectors,
    )
    assert losses[0] == pytest.approx(np.log1p(np.exp(-2)), rel=1e-5)  # target 2 against one candidate 0


def test_log_q_makes_the_sampled_denominator_right_on_average():
    rng = np.random.default_rng(2)
    items, chance = 40, np.linspace(0.1, 0.9, 40)
    logits = rng.normal(size=items)
    hidden, table = np.ones((1, 1), "float32"), logits[:, None].astype("float32")
    full = np.exp(logits).sum()
    found = []
    for _ in range(400):
        drawn = np.flatnonzero(rng.random(items) < chance)
        drawn = drawn[drawn != 0]
        loss = sampled_softmax(
            ops.convert_to_tensor(hidden),
            np.array([0]),
            table[:1],
            drawn,
            table[drawn],
            np.log(chance[drawn]),
        )
        found.append(np.exp(float(loss[0]) + logits[0]))
    assert np.mean(found) == pytest.approx(full, rel=0.02)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="one comparison with keras-rs is enough")
def test_sampled_equals_the_layers_of_keras_rs():
    import keras_rs

    rng = np.random.default_rng(3)
    hidden, table = rng.normal(size=(6, 4)).astype("float32"), rng.normal(size=(8, 4)).astype("float32")
    rows = np.array([3, 1, 4, 0, 5, 7])  # in-batch: position i's target is candidate i
    chance = rng.uniform(0.1, 0.9, 6).astype("float32")
    mine = sampled_softmax(hidden, rows, table[rows], rows, table[rows], np.log(chance))
    logits = keras_rs.layers.SamplingProbabilityCorrection()(hidden @ table[rows].T, chance)
    # the layers correct the target's own logit too, which ours leaves as it is
    logits = ops.convert_to_numpy(logits) + np.diag(np.log(chance))
    theirs = -np.diag(ops.convert_to_numpy(ops.log_softmax(logits)))
    np.testing.assert_allclose(ops.convert_to_numpy(mine), theirs, rtol=1e-4)
