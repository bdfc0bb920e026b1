"""Text: words, vocabulary, and the contract."""

import numpy as np
import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Text


class TestText(ModalityContract):
    component = Text("plot", length=6, min_count=1)

    @classmethod
    def cells(cls, folder):
        generator = np.random.default_rng(0)
        vocabulary = [f"word{i}" for i in range(12)]
        return [" ".join(generator.choice(vocabulary, size=2 + i % 5)) for i in range(EXAMPLES)]


class TestTextPrepared(TestText):
    """Every preparation, word vectors and another encoder."""

    component = Text(
        "plot",
        length=6,
        min_count=1,
        clean=("html",),
        stop_words=("the", "a"),
        stem=True,
        vectors="vectors.txt",
        encoder={"name": "text_cnn", "windows": [1, 2]},
    )

    @classmethod
    def cells(cls, folder):
        generator = np.random.default_rng(1)
        lines = [" ".join([f"word{i}", *map(str, generator.normal(size=3))]) for i in range(12)]
        (folder / "vectors.txt").write_text("\n".join(lines), encoding="utf-8")
        return [f"the <b>{cell}</b>" for cell in super().cells(folder)]


class TestTextOfPieces(TestText):
    component = Text("plot", length=8, min_count=1, vocabulary=40, tokeniser="word_piece")
    steps = 200


class TestTextOfUnigrams(TestText):
    component = Text("plot", length=8, vocabulary=40, tokeniser={"name": "unigram", "lowercase": True})
    steps = 200


class TestTextOfPairs(TestText):
    component = Text("plot", length=8, vocabulary=270, tokeniser="byte_pairs")
    steps = 200


def test_pieces_of_a_file_of_the_data_folder(tmp_path):
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\nred\n##der\n.\n", encoding="utf-8")
    member = Text("plot", length=4, tokeniser={"name": "word_piece", "file": "vocab.txt"})
    assert member.fit(["red"]) == {} and member.files == ("vocab.txt",)
    state = member.with_files({}, tmp_path)
    assert state == {"size": 6, "terms": {"pieces": ["[PAD]", "[UNK]", "red", "##der", "."]}}
    parts = preprocessed(member, state, ["redder. red", "blue", "", "red red red red red"])
    assert parts["tokens"].tolist() == [[3, 4, 5, 3], [2, 0, 0, 0], [0] * 4, [3] * 4]
    cleaning = Text("plot", length=4, tokeniser=member.tokeniser, clean=["html"])
    assert preprocessed(cleaning, state, ["<b>red</b>"])["tokens"].tolist() == [[3, 0, 0, 0]]
    (tmp_path / "vocab.txt").unlink()
    with pytest.raises(
        ValueError, match=r"Text\('plot'\): file of pieces 'vocab.txt' was not found in the data"
    ):
        member.with_files({}, tmp_path)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"tokeniser": "wordpece"}, "tokeniser: there is none named 'wordpece'. Did you mean 'wordpiece'"),
        ({"tokeniser": {"name": "unigram", "size": 3}}, "tokeniser 'unigram' has no setting 'size'"),
        ({"tokeniser": "unigram", "stem": True}, "stem are of words, and texts are cut into pieces"),
        ({"tokeniser": "unigram", "vectors": "v.txt"}, "vectors are of words, and texts are cut into pieces"),
        (
            {"tokeniser": "unigram", "encoder": {"name": "backbone", "preset": "bert"}},
            "a preset cuts texts in its own way; leave out the tokeniser",
        ),
        ({"length": 2, "encoder": {"name": "backbone", "preset": "bert"}}, "length is at least 3"),
        ({"encoder": {"name": "backbone", "network": {}}}, "has no setting 'network'"),
    ],
)
def test_settings_of_pieces_there_are_not(settings, match):
    with pytest.raises(ValueError, match=rf"Text\('plot'\): .*{match}"):
        Text("plot", **settings)


@pytest.mark.parametrize("encoder", ["bag", "text_cnn", "convolution", "gru", "lstm", "transformer"])
def test_tokens_are_those_of_the_encoder_or_a_summary(encoder):
    layer = Text("plot", length=5, tokens=4, encoder=encoder).make_encoder(8, {"size": 9}, name="plot")
    tokens, mask = layer({"tokens": np.asarray([[2, 3, 0, 0, 0], [0] * 5])})
    count = {"bag": 1, "text_cnn": 3}.get(encoder, 4)
    assert tokens.shape == (2, count, 8) and layer.compute_output_shape({"tokens": (2, 5)})[1] == (2, count)
    assert np.asarray(mask).tolist() == [[True] * count, [False] * count]


def test_stop_words_take_no_place():
    member = Text("plot", length=2, min_count=1, stop_words=("the", "of"))
    state = member.fit(["the end of the road", "the of"])
    assert state == {"size": 4, "terms": ["end", "road"]}
    parts = preprocessed(member, state, ["the end of the road", "of the", "of odd"])
    assert parts["tokens"].tolist() == [[2, 3], [0, 0], [1, 0]]
    assert "the" in Text("plot", stop_words="english")._stop_words


def test_words_of_one_stem_are_one():
    member = Text("plot", length=4, min_count=2, stem=True)
    state = member.fit(["connected connection rose", "connect roses", "alone"])
    assert state == {"size": 4, "terms": ["connect", "connected", "connection", "rose", "roses"]}
    parts = preprocessed(member, state, ["roses connection connected", "connecting alone rose"])
    assert parts["tokens"].tolist() == [[3, 2, 2, 0], [1, 1, 3, 0]]  # "connecting" was in no training row


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
    layer = member.make_encoder(8, {"size": 9}, name="plot")
    tokens, mask = layer({"tokens": np.asarray([[2, 3, 0, 0, 0]])})
    assert tokens.shape == (1, 5, 8)
    assert np.asarray(mask).tolist() == [[True, True, False, False, False]]


def test_words_are_hidden_in_training_alone_and_never_all_of_them():
    layer = Text("plot", length=6, tokens=0, hide=0.5).make_encoder(8, {"size": 9}, name="plot")
    parts = {"tokens": np.full((200, 6), 3)}
    assert np.asarray(layer(parts)[1]).all()
    mask = np.asarray(layer(parts, training=True)[1])
    assert mask[:, 0].all()
    assert 0.4 < mask[:, 1:].mean() < 0.6


def test_a_share_of_words_to_hide_lies_below_one():
    with pytest.raises(ValueError, match=r"hide is a share of words, in \[0, 1\), got 1"):
        Text("plot", hide=1)
