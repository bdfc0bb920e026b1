"""Compaction of histories and times of events, against plain Python and the training's own."""

import numpy as np
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tfmmrec import modalities
from tfmmrec.export.user_reader import elapsed, latest

SECONDS = st.one_of(
    st.floats(allow_nan=True, allow_subnormal=False),
    st.floats(0, 4e9),
    st.integers(-5, 5).map(float),
    st.just(np.nan),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(SECONDS, min_size=3, max_size=3), min_size=1, max_size=5))
@example([[0.0, 1.7976931348623157e308, -1e292]])
def test_times_are_those_of_training(seconds):
    time = np.asarray(seconds, "float64")
    found = elapsed(tf.constant(time))
    assert found.dtype == tf.int32
    np.testing.assert_array_equal(found, modalities.elapsed(time))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_latest_known_events_stand_first_and_in_their_order(data):
    rows, width = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 7))
    length = data.draw(st.integers(1, 8))
    flags = data.draw(st.lists(st.booleans(), min_size=rows * width, max_size=rows * width))
    known = np.asarray(flags).reshape(rows, width)
    places, count = latest(tf.constant(known), length)
    assert places.shape == (rows, min(width, length))
    for row in range(rows):
        expected = np.flatnonzero(known[row])[-length:].tolist()
        assert count[row] == len(expected)
        assert places[row].numpy().tolist() == expected + [-1] * (places.shape[1] - len(expected))
