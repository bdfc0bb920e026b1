"""Category: what is known, unknown and missing; the contract."""

import numpy as np
import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Category
from tfmmrec.modalities.modality import Modality, identifier, text_of


class TestCategory(ModalityContract):
    component = Category("kind")
    steps = 40

    @classmethod
    def cells(cls, folder):
        return [f"kind {i}" for i in range(EXAMPLES)]


def test_unknown_is_not_missing():
    member = Category("kind", vocabulary=2, min_count=2)
    state = member.fit(["b", "b", "b", "a", "a", "c", "c", "d", ""])
    assert state == {"size": 4, "terms": ["b", "a"]}
    parts = preprocessed(member, state, ["a", "b", "c", "never", ""])
    assert parts["value"].tolist() == [3, 2, 1, 1, 0]


def test_the_term_of_a_value_is_itself():
    assert Category("kind").terms_of("a|b") == ["a|b"]
    assert Category("kind").terms_of("") == []


def test_numbers_are_values_too():
    assert Category("kind").raw([1, 2.5, None, "x"], None, None) == ["1", "2.5", "", "x"]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (1990.0, "1990"), (1990, "1990"), ("1990.0", "1990.0"), (2.5, "2.5"), (1e20, "1" + 20 * "0"),
        (b"Caf\xc3\xa9", "Café"), (b"\xe9", "\ufffd"), (True, "True"), (0.0, "0"),
        (None, ""), (float("nan"), ""), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_a_cell_is_the_same_text_whatever_type_its_file_has_for_it(cell, text):
    assert text_of(cell) == text
    assert Category("kind").raw([cell], None, None) == [text]


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("plot", "plot"),
        ("release date (US)", "release_date__US"),
        ("?", "column"),
        # with the beginning of what `printf 'prix €' | sha256sum` says
        ("prix €", "prix_1194bc"),
        ("prénom", "prenom_3d79ff"),
        ("点击", "column_dc7148"),
        ("购买", "column_cc6f86"),
    ],
)
def test_a_column_names_its_feature(column, name):
    assert Category(column).name == identifier(column) == name


@pytest.mark.parametrize("column", ["", None, 3])
def test_a_column_is_needed(column):
    with pytest.raises(ValueError, match="Category needs the name of a column, for example Category..title"):
        Category(column)


def test_the_entry_says_only_what_is_not_default():
    assert Category("kind").to_dict() == {"modality": "Category", "column": "kind"}
    entry = Category("kind", min_count=3).to_dict()
    assert entry == {"modality": "Category", "column": "kind", "min_count": 3}


@pytest.mark.parametrize("method", ["fit", "preprocess", "spec"])
def test_a_member_must_bring_its_methods(method):
    with pytest.raises(NotImplementedError):
        getattr(Modality("kind"), method)({})


def test_training_values_may_come_back_as_bytes():
    assert Category("kind").fit([b"caf\xc3\xa9", "caf\u00e9"])["terms"] == ["caf\u00e9"]


def test_a_row_of_the_table_is_its_embedding():
    layer = Category("kind").make_encoder(8, {"size": 4}, name="kind")
    tokens, mask = layer({"value": np.asarray([0, 3, 1])})
    table = np.asarray(layer.embedding.embeddings)
    np.testing.assert_array_equal(np.asarray(tokens)[:, 0], table[[0, 3, 1]])
    assert np.asarray(mask).tolist() == [[False], [True], [True]]
