"""The Transformer over events: the contract, order, and attention by hand."""

import keras
import numpy as np
import pytest

from backends import run
from contracts import HistoryContract
from contracts.history import SIZES, given, later
from contracts.samples import remade
from tfmmrec.encoders.histories import Transformer
from tfmmrec.encoders.histories.transformer import SequenceAttention
from tfmmrec.modalities import History


class TestTransformer(HistoryContract):
    component = Transformer


class TestSum(HistoryContract):
    component = Transformer
    layers, steps = 0, 200


def test_order_gaps_and_user_matter():
    layer, (events, window, time, user) = TestTransformer.built(), given()
    states = run(layer, events, window, time, user)[0, -1]
    for change in (
        (events[:, [1, 0, 2, 3, 4]], window, time, user),
        (events, window, later(time), user),
        (events, window, time, user + 1),
    ):
        assert np.abs(run(layer, *change)[0, -1] - states).max() > 1e-3


@pytest.mark.backend
def test_without_layers_it_is_a_sum_by_hand():
    """RMS-normalised; the start stands for what is known of everybody."""
    layer = TestSum.built(causal=False)
    events, window, time, _ = given()
    states = run(lambda *x: layer(*x), events, window, time)
    start = np.asarray(layer.start)
    expected = np.stack([start + events[i, :size].sum(0) for i, size in enumerate(SIZES)])
    expected /= np.sqrt((expected**2).mean(1, keepdims=True) + layer.norm.epsilon)
    np.testing.assert_allclose(states[:, 0], expected, rtol=1e-4, atol=1e-5)


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


def test_attention_to_both_sides_by_hand():
    """Every distance, before and after, has its own share: 4 is of the place itself."""
    layer = SequenceAttention(2, 1, 4, 0.0, causal=True, both_sides=True)
    layer.build((None, 4, 2))
    layer.projection.kernel.assign(np.concatenate([np.zeros((2, 4)), np.eye(2)], axis=1))
    layer.output_projection.kernel.assign(np.eye(2))
    layer.distance_bias.assign(np.log([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]]))
    x = np.asarray([[[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]]], "float32")
    out = run(layer, x, np.zeros((1, 3), "int32"))[0] - x[0]
    shares = np.asarray([[4, 3, 2], [5, 4, 3], [6, 5, 4]])
    np.testing.assert_allclose(out, shares @ x[0] / shares.sum(1, keepdims=True), rtol=1e-4, atol=1e-6)
    two_windows = run(layer, x, np.asarray([[4, 7, 7]]))[0] - x[0]
    expected = [x[0, 0], (4 * x[0, 1] + 3 * x[0, 2]) / 7, (5 * x[0, 1] + 4 * x[0, 2]) / 9]
    np.testing.assert_allclose(two_windows, expected, rtol=1e-4, atol=1e-6)
    assert remade(layer).get_config() == layer.get_config()


@pytest.mark.parametrize("causal", [True, False])
def test_dropout_and_its_attention_have_configurations(causal):
    keras.utils.set_random_seed(0)
    layer = History(dropout=0.2).make_encoder(8, causal=causal, name="history")
    assert remade(layer).get_config() == layer.get_config()
    assert remade(layer.attentions[0]).get_config() == layer.attentions[0].get_config()


def test_heads_that_do_not_fit():
    with pytest.raises(ValueError, match="width must be a multiple of heads, got width=8 and heads=3"):
        History(heads=3).make_encoder(8, causal=True, name="history")
