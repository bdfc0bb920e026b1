"""Compaction of histories and times of events, against plain Python and the training's own."""

import dataclasses

import numpy as np
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tfmmrec import modalities
from tfmmrec.export.conventions import Names
from tfmmrec.export.user_reader import UserReader, elapsed, latest
from tfmmrec.modalities import History

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


def test_histories_have_few_lengths(small_data):
    """Of each one met TensorFlow keeps what it has made ready for it."""
    schema = small_data.schema.only(user=[], event=[])
    schema = dataclasses.replace(schema, history=History(length=20, layers=1), timestamp=None, order="file")
    reader = UserReader(
        schema, small_data.vocabulary, Names(schema), lambda ids: tf.strings.length(ids) - 1, None
    )
    lengths = {}
    for count in (0, 1, 8, 9, 16, 17, 20, 24):
        history = tf.constant([["item"] * count, [""] * count], tf.string)
        inputs, read, _ = reader.read({"user_id": tf.constant(["", ""]), "history": history})
        lengths[count] = inputs["history.item"].shape[1]
        assert read.numpy().tolist() == [min(count, 20), 0]
        known = min(count, 20)
        expected = [3] * known + [-1] * (lengths[count] - known)
        assert inputs["history.item"].numpy().tolist() == [expected, [-1] * lengths[count]]
    assert lengths[0] == lengths[8] == 8 and lengths[9] == lengths[16] == 16
    assert set(lengths.values()) == {8, 16, 20}
