"""Vector: columns and files, sizes; the contract."""

import numpy as np
import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Vector


class TestVector(ModalityContract):
    component = Vector("clip")
    width = 32

    @classmethod
    def cells(cls, folder):
        rows = np.random.default_rng(0).normal(3, 2, (EXAMPLES, 6))
        return [row.tolist() if i % 2 else " ".join(map(str, row)) for i, row in enumerate(rows)]

    def disturb(self, parts, generator):
        missing = np.isnan(parts["vector"]).any(axis=1)
        parts["vector"][missing, 1:] = np.inf  # one NaN is enough
        return parts


def rejected_by(member, cells, folder=None):
    rejected = {}
    return member.raw(cells, folder, rejected.__setitem__), rejected


def test_standardised_by_hand():
    state = Vector("clip").fit([np.asarray([1.0, 5.0]), np.asarray([3.0, 5.0]), np.full(2, np.nan)])
    assert state == {"size": 2, "mean": [2.0, 5.0], "scale": [1.0, 1.0]}
    found = preprocessed(Vector("clip"), state, [[3.0, 6.0], [np.nan, np.nan], [1e6, 5.0]])
    np.testing.assert_allclose(found["vector"], [[1, 1], [np.nan, np.nan], [10, 0]])


def vectors(rows):
    state = {"size": 2, "mean": [0.0, 0.0], "scale": [1.0, 1.0]}
    return preprocessed(Vector("clip"), state, rows)["vector"]


@pytest.mark.parametrize("width", [0, 1, 2, 3])
def test_a_request_may_bring_none_in_any_width(width):
    np.testing.assert_array_equal(vectors(np.full((1, width), np.nan)), [[np.nan, np.nan]])


def test_a_request_is_widened_by_padding_where_others_are_wider():
    both = [[np.nan, np.nan, np.nan], [1.0, 2.0, np.nan]]
    np.testing.assert_array_equal(vectors(both), [[np.nan, np.nan], [1, 2]])


@pytest.mark.parametrize("row", [[1.0], [1.0, 2.0, 3.0], [1.0, np.nan], [np.nan, 2.0], [1.0, np.inf]])
def test_a_request_with_other_numbers_is_refused(row):
    import tensorflow as tf

    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"clip takes rows of 2 finite numbers, or of NaN"
    ):
        vectors([row])
    nothing = [np.nan] * len(row)
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"got another, among rows of\D*{len(row)}"):
        vectors([nothing, row])


def test_cells_of_another_size_or_kind_are_rejected():
    cells = ["1 2", [3, 4], "1 2 3", "a b", None, "", [1, float("inf")]]
    raw, rejected = rejected_by(Vector("clip"), cells)
    np.testing.assert_array_equal(raw, [[1, 2], [3, 4], *[[np.nan, np.nan]] * 5])
    assert rejected == {
        2: "expected 2 finite numbers, got 3: '1 2 3'",
        3: "expected a list of numbers, got 'a b'",
        6: "expected 2 finite numbers, got 2: '[1, inf]'",
    }


def test_the_most_frequent_length_rules_and_not_the_first():
    raw, rejected = rejected_by(Vector("clip"), [[7], "1 2", None, [3, 4], [5, 6, 7]])
    np.testing.assert_array_equal(raw, [[np.nan] * 2, [1, 2], [np.nan] * 2, [3, 4], [np.nan] * 2])
    assert rejected == {
        0: "expected 2 finite numbers, got 1: '[7]'",
        4: "expected 2 finite numbers, got 3: '[5, 6, 7]'",
    }
    raw, rejected = rejected_by(Vector("clip"), [[7], [1, 2]])  # as frequent: the training rows come first
    np.testing.assert_array_equal(raw, [[7], [np.nan]])
    assert rejected.keys() == {1}


def test_no_vector_at_all():
    raw, rejected = rejected_by(Vector("clip"), [None, ""])
    assert not rejected
    state = Vector("clip").fit(raw)
    assert state["size"] == 1
    found = preprocessed(Vector("clip"), state, raw)
    np.testing.assert_array_equal(found["vector"], [[np.nan], [np.nan]])


def test_a_file_of_vectors(tmp_path):
    member = Vector("clip", file="clip.npy")
    assert not member.in_table
    np.save(tmp_path / "clip.npy", np.arange(6).reshape(3, 2))
    raw, _ = rejected_by(member, [None] * 3, tmp_path)
    np.testing.assert_array_equal(raw, [[0, 1], [2, 3], [4, 5]])


@pytest.mark.parametrize(
    ("file", "array", "match"),
    [
        ("absent.npy", None, "'absent.npy' was not found in the data folder"),
        ("../clip.npy", None, "lies outside the data folder; move it inside"),
        ("clip.npy", np.zeros((2, 2)), r"expected \(3, size\), got \(2, 2\)"),
        ("clip.npy", np.zeros(3), r"expected \(3, size\), got \(3,\)"),
    ],
)
def test_a_file_that_does_not_fit(tmp_path, file, array, match):
    if array is not None:
        np.save(tmp_path / file, array)
    with pytest.raises(ValueError, match=match):
        rejected_by(Vector("clip", file=file), [None] * 3, tmp_path)


def test_rows_of_a_file_that_are_not_finite_are_rejected(tmp_path):
    array = np.asarray([[1, 2], [np.nan, 2], [np.nan, np.nan], [1, np.inf], [1e300, 0]])
    np.save(tmp_path / "clip.npy", array)
    raw, rejected = rejected_by(Vector("clip", file="clip.npy"), [None] * 5, tmp_path)
    np.testing.assert_array_equal(raw, [[1, 2], *[[np.nan, np.nan]] * 4])
    assert rejected.keys() == {1, 3, 4}  # a row of NaN says that there is none
    assert "expected finite numbers in row 3 of 'clip.npy'" in rejected[3]


def test_an_empty_list_is_an_empty_cell():
    raw, rejected = rejected_by(Vector("clip"), [[], [1, 2], [10**400, 1]])
    np.testing.assert_array_equal(raw, [[np.nan, np.nan], [1, 2], [np.nan, np.nan]])
    assert rejected.keys() == {2}
