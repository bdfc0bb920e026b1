"""A feature in a request: what is padding, and what an absent value becomes."""

import numpy as np
import pytest
import tensorflow as tf

from export.world import png, wav
from tfmmrec.export.raw_feature import RawFeature, is_present
from tfmmrec.modalities import Audio, Category, Image, Number, Tags, Text, Timestamp, Vector

FEATURES = [
    (Text("x"), ["one word", "two words"]),
    (Tags("x"), ["a|b", "b"]),
    (Category("x"), ["a", "b"]),
    (Number("x"), [1.0, 3.0]),
    (Timestamp("x"), [1e9, 2e9]),
    (Image("x", height=8, width=8, images=2), [[png(1), png(2)], [png(3), b""]]),
    (Audio("x", seconds=0.2, rate=2000, mels=8), [wav(1), wav(2)]),
    (Vector("x"), [[1.0, 2.0], [3.0, 4.0]]),
]


@pytest.mark.parametrize(("feature", "values"), FEATURES, ids=lambda value: type(value).__name__)
def test_values_are_prepared_and_an_absent_one_is_missing(feature, values):
    state = feature.fit(values)
    raw = RawFeature(feature, state)
    nothing = "" if raw.dtype == tf.string else float("nan")
    absent = [nothing] * len(values[0]) if feature.raw_rank else nothing
    given = tf.constant([values[0], absent, values[1]], raw.dtype)
    assert raw.given(given).numpy().tolist() == [True, False, True]

    read = tf.function(raw.parts, input_signature=[raw.input("x")])
    parts = read(given)
    direct = feature.preprocess(state)(given)
    assert set(parts) == set(feature.spec(state))
    for part, (shape, dtype) in feature.spec(state).items():
        assert parts[part].shape == (3, *shape)
        assert parts[part].dtype == dtype
        np.testing.assert_array_equal(parts[part], direct[part])

    none = read(tf.constant([absent, absent], raw.dtype))
    tokens, mask = feature.make_encoder(8, state, name="encoder")(parts)
    of_none, mask_of_none = feature.make_encoder(8, state, name="encoder")(none)
    assert mask.numpy().any(axis=1).tolist() == [True, False, True]
    assert not mask_of_none.numpy().any()
    assert of_none.shape[1:] == tokens.shape[1:]


def test_media_that_nobody_brings_are_not_even_decoded():
    raw = RawFeature(Image("x", height=8, width=8), {})
    graph = tf.function(raw.parts, input_signature=[raw.input("x")]).get_concrete_function().graph
    assert not [op for op in graph.get_operations() if "While" in op.type or "Decode" in op.type]


def test_padding_before_and_between_pictures_takes_no_place():
    raw = RawFeature(Image("x", height=8, width=8, images=2), {})
    apart = raw.parts(tf.constant([[b"", png(1), b"", png(2)]]))
    together = raw.parts(tf.constant([[png(1), png(2)]]))
    np.testing.assert_array_equal(apart["pixels"], together["pixels"])
    np.testing.assert_array_equal(apart["present"], together["present"])


def test_what_is_present():
    assert is_present(tf.constant([["", "a"]])).numpy().tolist() == [[False, True]]
    assert is_present(tf.constant([np.nan, 0.0])).numpy().tolist() == [False, True]
