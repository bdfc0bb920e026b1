"""Softmax over a catalogue, in chunks and from a sample, against one that holds all logits."""

import keras
import numpy as np
import pytest
from keras import ops

from backends import gradients, run
from contracts.samples import random
from tfmmrec.losses import chunked_softmax, sampled_softmax

POSITIONS, ITEMS, WIDTH = 7, 11, 4
TARGET = np.asarray([3, 0, 10, 3, 5, 7, 1], "int32")
WEIGHT = np.asarray([1, 0.5, 2, 0, 1, 1, 0], "float32")
HIDDEN, TABLE = random(POSITIONS, WIDTH, seed=1), random(ITEMS, WIDTH, seed=2)
BIAS = random(ITEMS, seed=3)


def dense(hidden, table, target, weight, bias=None):
    """Loss, and its gradients by hidden and table, in float64."""
    hidden, table = hidden.astype("float64"), table.astype("float64")
    logits = hidden @ table.T + (0 if bias is None else bias)
    top = logits.max(axis=1, keepdims=True)
    normaliser = top + np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    slope = np.exp(logits - normaliser)
    place = np.arange(len(target))
    slope[place, target] -= 1
    slope *= weight[:, None]
    value = (weight * (normaliser[:, 0] - logits[place, target])).sum()
    return value, slope @ table, slope.T @ hidden


@pytest.mark.backend
@pytest.mark.parametrize(("chunk", "bias"), [(1, None), (3, BIAS), (7, BIAS), (64, None), (None, BIAS)])
def test_chunks_give_the_dense_value_and_gradient(chunk, bias):
    def loss(hidden, table):
        # the target of a position of weight 0 may be anything
        target = np.where(WEIGHT > 0, TARGET, [-5, 99] * 3 + [10**6]).astype("int32")
        return 3 * chunked_softmax(hidden, table, ops.convert_to_tensor(target), WEIGHT, bias, chunk)

    value, by_hidden, by_table = dense(HIDDEN, TABLE, TARGET, WEIGHT, bias)
    found = run(loss, HIDDEN, TABLE)
    assert found.shape == () and found.dtype == "float32"
    np.testing.assert_allclose(found, 3 * value, rtol=1e-5)
    _, slopes = gradients(loss, [], [HIDDEN, TABLE])
    np.testing.assert_allclose(slopes[0], 3 * by_hidden, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slopes[1], 3 * by_table, rtol=1e-4, atol=1e-5)
    assert not slopes[0][WEIGHT == 0].any()


@pytest.mark.backend
def test_positions_that_do_not_weigh_are_not_computed(monkeypatch):
    """There are as many chunks as those that weigh fill, and the value is that of all positions."""
    weight = np.zeros(40, "float32")
    weight[[3, 17, 18, 31]] = [1.0, 2.0, 0.5, 1.5]
    hidden, target = random(40, WIDTH, seed=6), np.arange(40, dtype="int32") % ITEMS
    value, by_hidden, by_table = dense(hidden, TABLE, target, weight)

    def loss(hidden, table):
        return chunked_softmax(hidden, table, ops.convert_to_tensor(target), weight, chunk=2)

    np.testing.assert_allclose(run(loss, hidden, TABLE), value, rtol=1e-5)
    _, slopes = gradients(loss, [], [hidden, TABLE])
    np.testing.assert_allclose(slopes[0], by_hidden, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slopes[1], by_table, rtol=1e-4, atol=1e-5)

    chunks, loop = [], ops.fori_loop

    def counted(first, end, *given):
        chunks.append(end)
        return loop(first, end, *given)

    monkeypatch.setattr(ops, "fori_loop", counted)
    loss(ops.convert_to_tensor(hidden), ops.convert_to_tensor(TABLE))
    assert int(chunks[0]) == 2
    for weight[:] in (0, 1):  # of which the loss reads what stands there
        loss(ops.convert_to_tensor(hidden), ops.convert_to_tensor(TABLE))
    assert [int(count) for count in chunks[1:]] == [0, 20]


def test_by_hand():
    # two candidates, one scored log 3 above the other: ¾ and ¼
    hidden, table = np.asarray([[np.log(3)]], "float32"), np.asarray([[1.0], [0.0]], "float32")
    for target, share in ((0, 0.75), (1, 0.25)):
        found = run(lambda h, t, y=target: chunked_softmax(h, t, np.asarray([y]), np.ones(1)), hidden, table)
        assert found == pytest.approx(-np.log(share), rel=1e-5)


def test_any_number_of_positions_in_one_graph():
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        pytest.skip("jax compiles for each shape")

    @tf.function(input_signature=[tf.TensorSpec([None, WIDTH]), tf.TensorSpec([None], tf.int32)])
    def loss(hidden, target):
        return chunked_softmax(hidden, tf.constant(TABLE), target, tf.ones_like(hidden[:, 0]), chunk=3)

    for count in (0, 1, 3, 7):
        expected = dense(HIDDEN[:count], TABLE, TARGET[:count], np.ones(count))[0]
        found = loss(tf.constant(HIDDEN[:count]), tf.constant(TARGET[:count]))
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_huge_logits_are_stable():
    found = run(lambda h, t: chunked_softmax(h, t, TARGET, WEIGHT, chunk=2), 1e3 * HIDDEN, 1e3 * TABLE)
    np.testing.assert_allclose(found, dense(1e3 * HIDDEN, 1e3 * TABLE, TARGET, WEIGHT)[0], rtol=1e-4)


def test_half_precision_sums_in_float32():
    hidden, table = ops.cast(HIDDEN, "bfloat16"), ops.cast(TABLE, "bfloat16")
    found = run(lambda h, t: chunked_softmax(h, t, TARGET, WEIGHT, chunk=2), hidden, table)
    assert found.dtype == "float32"
    np.testing.assert_allclose(found, dense(HIDDEN, TABLE, TARGET, WEIGHT)[0], rtol=0.03)


ROWS = np.arange(ITEMS, dtype="int32")


def sampled(hidden, table, rows, log_q):
    """Weighted sum of the sampled losses, the candidates being these rows of the table."""
    losses = sampled_softmax(
        hidden,
        ops.convert_to_tensor(TARGET),
        ops.take(table, TARGET, 0),
        rows,
        ops.take(table, np.maximum(rows, 0), 0),
        log_q,
    )
    return ops.sum(losses * WEIGHT)


@pytest.mark.backend
def test_the_whole_catalogue_as_a_sample_is_the_full_softmax():
    def loss(hidden, table):
        return sampled(hidden, table, ROWS, np.zeros(ITEMS, "float32"))

    value, by_hidden, by_table = dense(HIDDEN, TABLE, TARGET, WEIGHT)
    np.testing.assert_allclose(run(loss, HIDDEN, TABLE), value, rtol=1e-5)
    _, slopes = gradients(loss, [], [HIDDEN, TABLE])
    np.testing.assert_allclose(slopes[0], by_hidden, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(slopes[1], by_table, rtol=1e-4, atol=1e-5)


@pytest.mark.backend
def test_padding_and_accidental_hits_are_no_candidates():
    zeros = np.zeros(ITEMS, "float32")
    everyone = run(lambda h, t: sampled(h, t, ROWS, zeros), HIDDEN, TABLE)
    padded = np.pad(ROWS, (0, 4), constant_values=-1)
    log_q = np.pad(zeros, (0, 4), constant_values=-50.0)
    np.testing.assert_allclose(
        run(lambda h, t: sampled(h, t, padded, log_q), HIDDEN, TABLE), everyone, rtol=1e-6
    )
    # a sample of nothing but targets: each position has the others' as its negatives, and never its own
    hits = np.unique(TARGET)
    found = run(lambda h, t: sampled(h, t, hits, np.zeros(len(hits), "float32")), HIDDEN, TABLE)
    place = np.searchsorted(hits, TARGET)
    np.testing.assert_allclose(found, dense(HIDDEN, TABLE[hits], place, WEIGHT)[0], rtol=1e-5)
    # alone with its own target a position has nothing to lose
    own = run(
        lambda h, t: sampled_softmax(h[:1], TARGET[:1], t[3:4], TARGET[:1], t[3:4], zeros[:1]), HIDDEN, TABLE
    )
    assert own[0] == pytest.approx(0, abs=1e-6)


def test_by_hand_with_log_q():
    # the negative scores the same as the target and is in every second sample: it stands for two
    loss = sampled_softmax(
        np.ones((1, 1), "float32"),
        np.asarray([0]),
        np.ones((1, 1), "float32"),
        np.asarray([1]),
        np.ones((1, 1), "float32"),
        np.log(np.asarray([0.5], "float32")),
    )
    assert np.asarray(loss)[0] == pytest.approx(np.log(3), rel=1e-5)


def test_log_q_makes_the_sampled_gradient_close_to_the_full_one():
    """4,000 samples in which items that score high are likelier than others, as popular ones do."""
    generator = np.random.default_rng(0)
    items, hidden, target = 200, random(1, WIDTH, seed=4) / 2, np.asarray([7])
    table = random(items, WIDTH, seed=5)
    chance = np.empty(items)
    chance[np.argsort(hidden[0] @ table.T)] = np.geomspace(0.05, 0.9, items)
    chance[target] = 1.0  # it is there whatever is drawn
    full = dense(hidden, table, target, np.ones(1))[1][0]

    def slope(log_q, drawn):
        """d loss / d hidden of `sampled_softmax`, in closed form so that 4,000 of them take no time."""
        logits = np.where(drawn, hidden @ table.T - log_q, -np.inf)
        logits[:, target] = hidden @ table[target].T
        share = np.exp(logits - logits.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        return share @ table - table[target]

    drawn = generator.random((4000, items)) < chance
    corrected = slope(np.log(chance), drawn).mean(axis=0)
    uncorrected = slope(np.zeros(items), drawn).mean(axis=0)
    size = np.linalg.norm(full)
    assert np.linalg.norm(corrected - full) < 0.02 * size
    assert np.linalg.norm(uncorrected - full) > 0.1 * size

    # and the closed form is the function's
    rows = np.flatnonzero(drawn[0]).astype("int32")
    loss = lambda h: ops.sum(  # noqa: E731
        sampled_softmax(h, target, table[target], rows, table[rows], np.log(chance[rows]).astype("float32"))
    )
    _, (found,) = gradients(loss, [], [hidden])
    np.testing.assert_allclose(found[0], slope(np.log(chance), drawn[:1])[0], rtol=1e-3, atol=1e-5)


def test_a_sample_from_the_batch_is_what_the_layers_of_keras_rs_compute():
    keras_rs = pytest.importorskip("keras_rs", reason="needs the extra keras-rs")
    rows = np.asarray([3, 1, 4, 0, 5, 7])  # the target of each position is the candidate of its number
    hidden, table = random(6, WIDTH, seed=6), random(8, WIDTH, seed=7)[rows]
    chance = np.random.default_rng(0).uniform(0.1, 0.9, 6).astype("float32")
    found = run(lambda h, t: sampled_softmax(h, rows, t, rows, t, np.log(chance)), hidden, table)
    logits = keras_rs.layers.SamplingProbabilityCorrection()(hidden @ table.T, chance)
    # there the target's own logit is corrected too, which ours leaves as it is
    logits = ops.convert_to_numpy(logits) + np.diag(np.log(chance))
    expected = -np.diag(ops.convert_to_numpy(ops.log_softmax(logits)))
    np.testing.assert_allclose(found, expected, rtol=1e-4)
