"""Characters that become others: Python's own tables are what they are compared with."""

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfmmrec.tokenisers.characters import compatible, fold, utf8, without_accents


def changed(function, *texts):
    import tensorflow as tf

    return [text.decode() for text in function(tf.constant(list(texts), tf.string)).numpy()]


@pytest.mark.parametrize(
    ("function", "text", "expected"),
    [
        (fold, "ABC Straße ΣΑΣ İ", "abc strasse σασ i̇"),
        (without_accents, "École naïve Ångström e\u0301", "Ecole naive Angstrom e"),
        (without_accents, "한", "\u1112\u1161\u11ab"),
        (compatible, "ﬁne Ａ① ½", "fine A1 1⁄2"),
    ],
)
def test_by_hand(function, text, expected):
    assert changed(function, text, "plain", "") == [
        expected,
        "plain" if function is not fold else "plain",
        "",
    ]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=8), min_size=1, max_size=3))
@settings(max_examples=50, deadline=None)
def test_of_every_character(texts):
    texts = [text.replace("\x00", "") for text in texts]
    assert changed(fold, *texts) == [text.casefold() for text in texts]
    nfkc = ["".join(unicodedata.normalize("NFKC", letter) for letter in text) for text in texts]
    assert changed(compatible, *texts) == nfkc


def test_bytes_that_are_no_utf8():
    import tensorflow as tf

    assert utf8(tf.constant([b"a\xffb"])).numpy()[0].decode() == "a\ufffdb"
    assert np.shape(fold(tf.constant([], tf.string))) == (0,)
