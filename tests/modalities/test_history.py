"""What a user did: gaps, causality, sets."""

import keras
import numpy as np
import pytest
from keras import ops

from backends import gradients, policy, run
from contracts.samples import random, remade
from tfmmrec.modalities import History, gap_buckets
from tfmmrec.modalities.history import GAPS, SequenceAttention

LENGTH, WIDTH = 5, 8
SIZES = np.asarray([5, 3, 1, 0])
MASK = np.arange(LENGTH) < SIZES[:, None]
STATES = np.arange(LENGTH + 1) <= SIZES[:, None]
WINDOW = np.where(STATES, np.arange(4)[:, None], -1).astype("int32")


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (np.nan, 0),
        (-5, 1),
        (0, 1),
        (0.9, 1),
        (1, 2),
        (2.9, 2),
        (3, 3),
        (7, 4),
        (2**20 - 1, 21),
        (1e12, GAPS - 1),
    ],
)
def test_buckets_of_gaps_by_hand(seconds, bucket):
    found = gap_buckets(np.asarray([seconds], "float64"))
    assert found.tolist() == [bucket] and found.dtype == "int32"


def test_buckets_are_exact_at_every_power_of_two():
    powers = 2.0 ** np.arange(1, GAPS - 1)
    np.testing.assert_array_equal(gap_buckets(powers - 1), np.minimum(np.arange(1, GAPS - 1) + 1, GAPS - 1))
    np.testing.assert_array_equal(gap_buckets(powers - 2), np.arange(1, GAPS - 1))


def built(causal=True, **settings):
    keras.utils.set_random_seed(0)
    history = History(**({"length": LENGTH, "layers": 2, "heads": 2, "dropout": 0.0} | settings))
    layer = history.encoder(WIDTH, causal=causal, name="history")
    layer(
        keras.Input((None, WIDTH)), keras.Input((None,), dtype="int32"), keras.Input((None,), dtype="int32"),
        keras.Input((WIDTH,)),
    )  # fmt: skip
    for attention in layer.attentions:
        if causal:  # learnt from zero: let distances differ
            attention.distance_bias.assign(random(2, LENGTH + 1))
    return layer


def given(seed=0):
    gap = np.random.default_rng(seed).integers(0, GAPS, MASK.shape).astype("int32")
    return [random(4, LENGTH, WIDTH, seed=seed), WINDOW, gap, random(4, WIDTH, seed=seed + 1)]


@pytest.mark.backend
@pytest.mark.parametrize("layers", [2, 0])
def test_a_state_for_each_number_of_events_that_knows_no_later_one(layers):
    layer, inputs = built(layers=layers), given()
    states = run(layer, *inputs)
    assert states.shape == (4, LENGTH + 1, WIDTH) and np.isfinite(states).all()
    assert layer.compute_output_shape(inputs[0].shape) == states.shape
    changed = []
    for place in range(LENGTH):
        events, window, gap, user = (array.copy() for array in inputs)
        events[:, place:] += 1
        gap[:, place:] = (gap[:, place:] + 7) % GAPS
        changed.append((events, window, gap, user))
    others = run(lambda *x: [layer(*one) for one in x], *changed)
    for place, other in enumerate(others):
        moved = np.abs(other - states).max(axis=-1) > 1e-4
        for user, size in enumerate(SIZES):
            # states up to `place` events know nothing of it; later ones do, as far as the events are real
            expected = (np.arange(LENGTH + 1) > place)[: size + 1]
            np.testing.assert_array_equal(moved[user, : size + 1], expected)


@pytest.mark.backend
def test_shorter_batches_give_the_same_states():
    layer, (events, window, gap, user) = built(), given()
    states = run(layer, events, window, gap, user)
    cut = run(layer, events[1:, :3], np.maximum(window[1:, :4] - 1, -1), gap[1:, :3], user[1:])
    np.testing.assert_allclose(cut[0], states[1, :4], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(cut[1, :2], states[2, :2], rtol=1e-4, atol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize(("with_user", "layers"), [(True, 2), (False, 2), (True, 0)])
def test_windows_in_one_row_are_read_as_if_each_stood_alone(with_user, layers):
    layer, (events, window, gap, user) = built(layers=layers), given()

    def read(*inputs):
        return layer(*inputs, user if with_user else None)

    alone = run(read, events, window, gap)
    packed = np.asarray([[0] * 6, [1] * 4 + [2] * 2, [3] + [-1] * 5], "int32")
    nothing = np.full((1, WIDTH), np.nan, "float32")  # what no state reads may be anything
    rows = [events[0], np.concatenate([events[1, :3], nothing, events[2, :1]]), np.repeat(nothing, 5, axis=0)]
    gaps = [gap[0], [*gap[1, :3], 9, gap[2, 0]], [9] * 5]
    states = run(read, np.stack(rows), packed, np.asarray(gaps, "int32"))
    for owner, (row, place) in enumerate([(0, 0), (1, 0), (1, 4), (2, 0)]):
        found = states[row, place : place + SIZES[owner] + 1]
        np.testing.assert_allclose(found, alone[owner, : SIZES[owner] + 1], rtol=1e-4, atol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("layers", [2, 0])
def test_padding_has_no_effect_even_where_it_is_not_a_number(layers):
    layer, (events, window, gap, user) = built(layers=layers), given()
    other = np.where(MASK[..., None], events, np.nan).astype("float32")
    both = run(lambda e, o: (layer(e, window, gap, user), layer(o, window, gap, user)), events, other)
    states, padded = both
    np.testing.assert_allclose(padded[STATES], states[STATES], rtol=1e-5, atol=1e-6)
    assert np.isfinite(padded).all()


def test_order_gaps_and_user_matter():
    layer, (events, window, gap, user) = built(), given()
    states = run(layer, events, window, gap, user)[0, -1]
    for change in (
        (events[:, [1, 0, 2, 3, 4]], window, gap, user),
        (events, window, (gap + 1) % GAPS, user),
        (events, window, gap, user + 1),
    ):
        assert np.abs(run(layer, *change)[0, -1] - states).max() > 1e-3


@pytest.mark.backend
@pytest.mark.parametrize("layers", [2, 0])
def test_a_set_has_one_state_and_no_order(layers):
    layer, (events, window, gap, user) = built(causal=False, layers=layers), given()
    assert layer.gap is None
    states = run(layer, events, window, gap, user)
    assert states.shape == (4, 1, WIDTH) == layer.compute_output_shape(events.shape)
    shuffled = np.where(MASK[..., None], events, np.nan).astype("float32")
    shuffled[0] = shuffled[0, [3, 0, 4, 1, 2]]
    shuffled[1, :3] = shuffled[1, [2, 0, 1]]
    other = run(layer, shuffled, window, (gap + 5) % GAPS, user)
    np.testing.assert_allclose(other, states, rtol=1e-4, atol=1e-5)
    events[0, 4] += 1
    assert np.abs(run(layer, events, window, gap, user) - states).max(axis=(1, 2)).argmax() == 0


@pytest.mark.backend
def test_without_layers_it_is_a_sum_by_hand():
    """RMS-normalised; the start stands for what is known of everybody."""
    layer = built(causal=False, layers=0)
    events, window, gap, _ = given()
    states = run(lambda *x: layer(*x), events, window, gap)
    start = np.asarray(layer.start)
    expected = np.stack([start + events[i, :size].sum(0) for i, size in enumerate(SIZES)])
    expected /= np.sqrt((expected**2).mean(1, keepdims=True) + layer.norm.epsilon)
    np.testing.assert_allclose(states[:, 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize(("causal", "layers"), [(True, 2), (False, 2), (False, 0)])
def test_gradient_reaches_every_weight_event_and_user(causal, layers):
    layer, (events, window, gap, user) = built(causal, layers=layers), given()
    window, gap = ops.convert_to_tensor(window), ops.convert_to_tensor(gap)

    def loss(events, user):
        states = layer(events, window, gap, user)
        return ops.sum(ops.sin(states * random(4, 1, WIDTH, seed=9)))

    weights = layer.trainable_variables
    of_weights, (of_events, of_user) = gradients(loss, weights, [events, user])
    for weight, gradient in zip(weights, of_weights, strict=True):
        assert np.isfinite(gradient).all() and np.abs(gradient).max() > 0, weight.path
    np.testing.assert_array_equal(np.abs(of_events).max(axis=-1) > 0, MASK)
    assert (np.abs(of_user).max(axis=-1) > 0).all()


def test_attention_by_hand():
    """One head of width 2 that attends to everything before it by the learned bias of distance alone."""
    layer = SequenceAttention(2, 1, 3, 0.0, causal=True)
    layer.build((None, 3, 2))
    value = np.eye(2)
    layer.projection.kernel.assign(np.concatenate([np.zeros((2, 4)), value], axis=1))  # query = key = 0
    layer.output_projection.kernel.assign(np.eye(2))
    layer.distance_bias.assign(np.log([[1.0, 2.0, 5.0]]))
    x = np.asarray([[[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]]], "float32")  # RMS 1: the norm changes nothing
    out = run(layer, x, np.zeros((1, 3), "int32"))[0] - x[0]
    expected = [x[0, 0], (2 * x[0, 0] + x[0, 1]) / 3, (5 * x[0, 0] + 2 * x[0, 1] + x[0, 2]) / 8]
    np.testing.assert_allclose(out, expected, rtol=1e-4, atol=1e-6)
    two_windows = run(layer, x, np.asarray([[4, 7, 7]]))[0] - x[0]
    expected = [x[0, 0], x[0, 1], (2 * x[0, 1] + x[0, 2]) / 3]
    np.testing.assert_allclose(two_windows, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("causal", [True, False])
def test_configuration_and_mixed_precision(causal):
    layer = built(causal, dropout=0.2)
    assert remade(layer).get_config() == layer.get_config()
    assert remade(layer.attentions[0]).get_config() == layer.attentions[0].get_config()
    with policy("mixed_bfloat16"):
        states = built(causal)(*given())
    assert keras.backend.standardize_dtype(states.dtype) == "bfloat16"
    assert np.isfinite(run(lambda: states)).all()


def test_the_entry():
    assert History(length=9).to_dict() == {"length": 9, "layers": 2, "heads": 4, "dropout": 0.2}
    with pytest.raises(ValueError, match="width must be a multiple of heads, got width=8 and heads=3"):
        History(heads=3).encoder(8, causal=True, name="history")
