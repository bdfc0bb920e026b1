"""Compaction of histories and buckets of gaps, against plain Python and the training's own."""

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec import modalities
from tfmmrec.export.user_reader import gap_buckets, latest


def assert_same_buckets(seconds):
    seconds = np.asarray(seconds, "float64").reshape(1, -1)
    np.testing.assert_array_equal(gap_buckets(tf.constant(seconds)), modalities.gap_buckets(seconds))


def test_gaps_fall_into_the_buckets_of_training_on_both_sides_of_every_boundary():
    powers = 2.0 ** np.arange(1, 40)
    edges = np.concatenate([powers + shift for shift in (-2, -1.5, -1 - 1e-6, -1, -1 + 1e-6, -0.5, 0, 0.5)])
    assert_same_buckets(edges)
    assert gap_buckets(tf.constant([[0.0, 1, 3, 7, 2**30 - 1]], tf.float64)).numpy().tolist() == [
        [1, 2, 3, 4, 31]
    ]


def test_unknown_negative_and_endless_gaps():
    assert_same_buckets([np.nan, -1e9, -0.0, 0.999, 1e300, np.inf, -np.inf])
    assert gap_buckets(tf.zeros([3, 0], tf.float64)).shape == (3, 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=True, width=64), min_size=1, max_size=20))
def test_any_gap_falls_into_the_bucket_of_training(seconds):
    assert_same_buckets(seconds)


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
