"""Word vectors from files: formats, the words that are read, what is wrong with a file."""

import numpy as np
import pytest

from backends import preprocessed, run
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import Text
from tfmmrec.modalities.word_vectors import packed, read_word_vectors, unpacked

GLOVE = "the 0.5 1\nRed 3 -2\nred 1 2\nred 7 7\nrose 4 1e-1\n"


def write(folder, text=GLOVE, name="vectors.txt"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("header", ["", "5 2\n"], ids=["GloVe", "word2vec"])
def test_both_formats(tmp_path, header):
    found, size = read_word_vectors(write(tmp_path, header + GLOVE), "vectors.txt", {"red", "rose", "new"})
    assert size == 2 and {word: vector.tolist() for word, vector in found.items()} == {
        "red": [1, 2],  # the lower-case word, and the first of two
        "rose": [4, pytest.approx(0.1)],
    }


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("red 1 2\nrose 1\n", "line 2: expected a word and 2 finite numbers, got 'rose 1"),
        ("red 1 2\nrose 1 x\n", "line 2: expected a word and 2 finite numbers"),
        ("red 1 nan\n", "line 1: expected a word and 2 finite numbers"),
        ("rot 1 2\n", "has none of the 2 words of the vocabulary"),
        ("", "has none of the 2 words"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, text, match):
    with pytest.raises(ValueError, match=match):
        read_word_vectors(write(tmp_path, text), "vectors.txt", ["red", "rose"])


def test_a_file_below_the_data_folder(tmp_path):
    with pytest.raises(ValueError, match="'absent.txt' was not found in the data folder"):
        read_word_vectors(tmp_path, "absent.txt", ["red"])
    with pytest.raises(ValueError, match="outside the data folder"):
        read_word_vectors(tmp_path, "../vectors.txt", ["red"])


def test_vectors_survive_as_text():
    vectors = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    np.testing.assert_array_equal(unpacked(packed(vectors), 4), vectors)


def learnt(folder, **settings):
    member = Text("plot", length=3, min_count=1, vectors="vectors.txt", **settings)
    return member, member.with_files(member.fit(["red rose", "red new"]), folder)


def test_the_words_of_the_vocabulary_start_from_them(tmp_path):
    member, state = learnt(write(tmp_path))
    assert state["terms"] == ["red", "new", "rose"] and state["vector_size"] == 2
    layer = member.make_encoder(8, {k: v for k, v in state.items() if k != "terms"}, name="plot")
    parts = preprocessed(member, state, ["rose red new odd"])
    layer(parts)
    expected = [[0, 0], [0, 0], [1, 2], [0, 0], [4, 0.1]]  # padding, unknown, red, new, rose
    np.testing.assert_allclose(layer.embedding.table.embeddings, expected, rtol=1e-6)
    hidden = run(lambda tokens: layer.embedding(tokens), parts["tokens"])[0]
    kernel = np.asarray(layer.embedding.projection.kernel)
    np.testing.assert_allclose(hidden, [[4, 0.1] @ kernel, [1, 2] @ kernel, [0, 0] @ kernel], rtol=1e-4)


@pytest.mark.parametrize("fine_tune", [True, False])
def test_they_are_frozen_or_not(tmp_path, fine_tune):
    member, state = learnt(write(tmp_path), fine_tune=fine_tune)
    layer = member.make_encoder(8, state, name="plot")
    layer(preprocessed(member, state, ["red"]))
    trained = {weight.path for weight in layer.trainable_variables}
    assert (layer.embedding.table.embeddings.path in trained) == fine_tune
    assert layer.embedding.projection.kernel.path in trained


def test_a_stem_starts_from_the_mean_of_its_words(tmp_path):
    write(tmp_path, "rose 1 2\nroses 3 6\n")
    member = Text("plot", min_count=1, vectors="vectors.txt", stem=True)
    state = member.with_files(member.fit(["roses rose rose"]), tmp_path)
    assert unpacked(state["start"]["vectors"], 2)[2].tolist() == [2, 4]


def test_a_saved_model_has_them_as_weights_alone(tmp_path):
    member, state = learnt(write(tmp_path))
    vocabulary = Vocabulary({"item": {"plot": state}, "user": {}, "event": {}}, {}, 1, 1)
    assert vocabulary.sizes().features["item"]["plot"].keys() == {"size", "vector_size", "start"}
    assert vocabulary.learnt().features["item"]["plot"] == {"size": 5, "vector_size": 2}
    layer = member.make_encoder(8, vocabulary.learnt().features["item"]["plot"], name="plot")
    assert "start" not in layer.get_config() and "start" not in layer.embedding.get_config()
    assert type(layer).from_config(layer.get_config()).embedding.vector_size == 2


def test_no_word_to_take_a_vector_for(tmp_path):
    member = Text("plot", vectors="vectors.txt")
    with pytest.raises(ValueError, match=r"Text\('plot'\): no training row has a word"):
        member.with_files(member.fit([]), write(tmp_path))
    assert member.files == ("vectors.txt",) and Text("plot").files == ()
