"""HSTU: the contract, a unit by hand, and what time does."""

import dataclasses

import numpy as np
import pytest

from backends import compiled, run
from contracts import HistoryContract
from contracts.samples import random, remade
from tfmmrec.encoders.histories import GAPS, HSTU, UNKNOWN
from tfmmrec.encoders.histories.hstu import TransductionUnit
from tfmmrec.modalities import History
from tfmmrec.models import build_recommender


class TestHSTU(HistoryContract):
    component = HSTU


def silu(x):
    return x / (1 + np.exp(-x))


def test_a_unit_by_hand():
    """One head of width 2; queries and keys are 0, so that the biases of distance and time alone weigh."""
    layer = TransductionUnit(2, 1, 3, 0.0, causal=True)
    layer.build((None, 3, 2))
    kernel = np.zeros((2, 8))  # query, key, value, gate
    kernel[:, 4:6] = kernel[:, 6:8] = np.eye(2)
    layer.projection.kernel.assign(kernel)
    layer.output_projection.kernel.assign(np.eye(2))
    layer.distance_bias.assign([[1.0, 2.0, 3.0]])
    nothing = np.zeros((1, 3, 3), "int32")
    x = np.asarray([[[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0]]], "float32")  # RMS 1: the norm changes nothing
    value, bias = silu(x[0]), silu(np.asarray([1.0, 2.0, 3.0]))

    def expected(read, place):
        return read / np.sqrt((read**2).mean() + 1e-7) * silu(x[0, place])

    out = run(layer, x, np.zeros((1, 3), "int32"), nothing)[0] - x[0]
    np.testing.assert_allclose(out[0], expected(bias[0] * value[0], 0), rtol=1e-4)
    np.testing.assert_allclose(out[1], expected((bias[1] * value[0] + bias[0] * value[1]) / 2, 1), rtol=1e-4)
    third = (bias[2] * value[0] + bias[1] * value[1] + bias[0] * value[2]) / 3
    np.testing.assert_allclose(out[2], expected(third, 2), rtol=1e-4)
    alone = run(layer, x, np.asarray([[4, 7, 8]]), nothing)[0] - x[0]
    np.testing.assert_allclose(alone[2], expected(bias[0] * value[2], 2), rtol=1e-4)
    layer.time_bias.assign(np.arange(32.0)[:, None] / 10)
    between = np.asarray([[[1, 0, 0], [12, 1, 0], [20, 0, 1]]])
    timed = run(layer, x, np.zeros((1, 3), "int32"), between)[0] - x[0]
    weights = silu(np.asarray([3.0 + 2.0, 2.0 + 0.0, 1.0 + 0.1])) / 3
    np.testing.assert_allclose(timed[2], expected(weights @ value, 2), rtol=1e-4)
    assert remade(layer).get_config() == layer.get_config()


@pytest.mark.backend
def test_the_time_between_any_two_events_counts():
    """Not between neighbours alone: the first of three events weighs by its own distance in time."""
    layer = HSTU(3, 2, layers=1, heads=1)
    layer.build()
    layer.gap.embeddings.assign(np.zeros((GAPS, 2)))  # what the time since the event before adds
    layer.units[0].time_bias.assign(np.arange(GAPS)[:, None] / 4.0)
    events, window = random(1, 3, 2), np.zeros((1, 4), "int32")
    state = compiled(lambda time: layer(events, window, time)[0, 3])
    unit, start = layer.units[0], np.asarray(layer.start)
    x = np.concatenate([start[None, None], events], axis=1)
    for time, buckets in (
        ([0, 7, 10], [0, 4, 3, 1]),  # of the start, and of 10, 3 and no seconds
        ([0, 7, 1000], [0, 10, 10, 1]),
        ([0, 999, 1000], [0, 10, 2, 1]),
        ([0, UNKNOWN, 1000], [0, 10, 0, 1]),
    ):
        between = np.zeros((1, 4, 4), "int32")
        between[0, 3] = buckets
        expected = run(lambda x, between: layer.norm(unit(x, window, between))[0, 3], x, between)
        np.testing.assert_allclose(state(np.asarray([time], "int32")), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.backend
def test_without_times_there_is_no_bias_of_them():
    """Neither its weights nor its work; the states are those of events whose times nobody knows."""
    layers = [HSTU(3, 8, layers=1, timed=timed, name="history") for timed in (True, False)]
    for layer in layers:
        layer.build()
    timed, plain = layers
    timed.units[0].time_bias.assign(np.tile(np.arange(GAPS)[:, None] / 4.0, (1, 4)))
    named = {weight.path: weight for weight in timed.weights}
    assert len(plain.weights) == len(timed.weights) - 1 and plain.numbers(9) < timed.numbers(9)
    for weight in plain.weights:
        weight.assign(named[weight.path])
    events, window = random(2, 3, 8), np.zeros((2, 4), "int32")
    time = np.full((2, 3), UNKNOWN, "int32")
    found, expected = (run(layer, events, window, time) for layer in (plain, timed))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert remade(plain).get_config() == plain.get_config()


def test_a_schema_without_times_asks_for_none(small_data):
    times = []
    for schema in (small_data.schema, dataclasses.replace(small_data.schema, timestamp=None, order="file")):
        schema = dataclasses.replace(schema, history=History(length=4, layers=1, encoder="hstu"))
        model = build_recommender(schema, small_data.vocabulary, width=8)
        times.append(sum("time_bias" in weight.path for weight in model.weights))
    assert times == [1, 0]


def test_heads_that_do_not_fit():
    with pytest.raises(ValueError, match="width must be a multiple of heads, got width=8 and heads=3"):
        TransductionUnit(8, 3, 5, 0.0, causal=True)
