"""Text: words, vocabulary, and the contract."""

import numpy as np
import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Text
from tfmmrec.modalities.text import words


class TestText(ModalityContract):
    component = Text("plot", length=6, min_count=1)

    @classmethod
    def cells(cls, folder):
        generator = np.random.default_rng(0)
        vocabulary = [f"word{i}" for i in range(12)]
        return [" ".join(generator.choice(vocabulary, size=2 + i % 5)) for i in range(EXAMPLES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Red, red rose!", ["the", "red", "red", "rose"]),
        ("don't stop — it’s 1999", ["dont", "stop", "its", "1999"]),
        ("ÉCOLE d'été", ["école", "dété"]),
        ("我爱电影 2", ["我", "爱", "电", "影", "2"]),
        ("ひらがな", ["ひ", "ら", "が", "な"]),
        ("спасибо!", ["спасибо"]),
        ("  ...  ", []),
        ("", []),
    ],
)
def test_words_of_any_script(text, expected):
    (found,) = words([text]).to_list()
    assert [word.decode() for word in found] == expected


def test_bytes_that_are_no_utf8_do_not_stop_it():
    (found,) = words([b"caf\xff red"]).to_list()
    assert found[-1] == b"red"


def test_the_vocabulary_is_the_frequent_words_of_training_rows():
    member = Text("plot", length=3, vocabulary=2, min_count=2)
    state = member.fit(["b a b", "a c c c", "d", ""])
    assert state == {"size": 4, "terms": ["c", "a"]}  # b is as frequent as a: the alphabet decides
    parts = preprocessed(member, state, ["c a zzz c", "d", ""])
    # 0 is padding, 1 an unknown word; what is longer than `length` is cut
    assert parts["tokens"].tolist() == [[2, 3, 1], [1, 0, 0], [0, 0, 0]]


def test_nothing_to_learn_from():
    member = Text("plot")
    state = member.fit(["", ""])
    assert state == {"size": 2, "terms": []}
    assert preprocessed(member, state, ["new"])["tokens"][0, 0] == 1


def test_every_word_can_be_handed_to_the_fusion():
    member = Text("plot", length=5, tokens=0)
    layer = member.encoder(8, {"size": 9}, name="plot")
    tokens, mask = layer({"tokens": np.asarray([[2, 3, 0, 0, 0]])})
    assert tokens.shape == (1, 5, 8)
    assert np.asarray(mask).tolist() == [[True, True, False, False, False]]


def test_words_are_hidden_in_training_alone_and_never_all_of_them():
    layer = Text("plot", length=6, tokens=0, hide=0.5).encoder(8, {"size": 9}, name="plot")
    parts = {"tokens": np.full((200, 6), 3)}
    assert np.asarray(layer(parts)[1]).all()
    mask = np.asarray(layer(parts, training=True)[1])
    assert mask[:, 0].all()
    assert 0.4 < mask[:, 1:].mean() < 0.6


def test_a_share_of_words_to_hide_lies_below_one():
    with pytest.raises(ValueError, match=r"hide is a share of words, in \[0, 1\), got 1"):
        Text("plot", hide=1)
