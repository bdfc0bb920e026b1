"""Tags: splitting, vocabulary, the mean; the contract."""

import numpy as np

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Tags


class TestTags(ModalityContract):
    component = Tags("genres", length=4)
    steps = 200

    @classmethod
    def cells(cls, folder):
        return [f"g{i % 8}|g{8 + i // 8}|h{i % 7}|i{i % 5}" for i in range(EXAMPLES)]


def test_tags_are_split_trimmed_and_counted():
    member = Tags("genres", length=3, vocabulary=2)
    state = member.fit(["drama| comedy", "comedy|war", "", "|drama|"])
    assert state == {"size": 4, "terms": ["comedy", "drama"]}
    parts = preprocessed(member, state, [" drama ||war", "comedy|drama|comedy|war", "|", ""])
    assert parts["tags"].tolist() == [[3, 1, 0], [2, 3, 2], [0, 0, 0], [0, 0, 0]]


def test_the_terms_of_a_value_are_all_its_tags():
    assert Tags("genres", length=1).terms_of(" drama ||sci fi|drama") == ["drama", "sci fi", "drama"]
    assert Tags("genres").terms_of("") == []


def test_another_separator():
    member = Tags("genres", separator=", ", length=2)
    state = member.fit(["a, b"])
    assert state["terms"] == ["a", "b"]
    assert preprocessed(member, state, ["b, a"])["tags"].tolist() == [[3, 2]]


def test_a_cell_may_be_a_list_or_a_number():
    raw = Tags("genres").raw([["a", None, "b"], ("c",), None, "", 0, 7, []], None, None)
    assert raw == ["a|b", "c", "", "", "0", "7", ""]
    raw = Tags("years").raw([[1990.0, b"caf\xc3\xa9"], 1990, 2.5], None, None)
    assert raw == ["1990|café", "1990", "2.5"]


def test_a_bag_is_the_mean_of_its_tags():
    layer = Tags("genres", length=3).make_encoder(8, {"size": 5}, name="genres")
    tokens, mask = layer({"tags": np.asarray([[2, 4, 0], [0, 0, 0], [3, 0, 0]])})
    table = np.asarray(layer.embedding.embeddings)
    expected = [(table[2] + table[4]) / 2, np.zeros(8), table[3]]
    np.testing.assert_allclose(np.asarray(tokens)[:, 0], expected, rtol=1e-6)
    assert np.asarray(mask).tolist() == [[True], [False], [True]]
