"""Ids and times of columns, whatever type a file gives them."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from tfmmrec.data.cells import by_appearance, emptied, number_ids, pick_cells, plain, seconds

NOON = 1_714_564_800.0  # 2024-05-01T12:00:00Z


def chunked(values, kind=None):
    return pa.chunked_array([pa.array(values, kind)])


@pytest.mark.parametrize(
    ("column", "ids"),
    [
        (chunked(["007", "7", None, " ", "007"], pa.large_string()), ["007", "7", None, None, "007"]),
        (chunked([7, None, 8], pa.int64()), ["7", None, "8"]),
        (chunked([7.0, None, 8.5, float("nan"), 1e20]), ["7", None, "8.5", None, "1" + 20 * "0"]),
        (chunked([True, False]), ["True", "False"]),
        (chunked([b"\xc3\xa4"]), ["ä"]),
        ([7, 7.0, "7", "007", None, ""], ["7", "7", "7", "007", None, None]),
        (["🎬", "a,b"], ["🎬", "a,b"]),
    ],
)
def test_ids_keep_their_value_and_lose_their_type(column, ids):
    numbers, names = number_ids(column)
    assert [None if n < 0 else names[n] for n in numbers] == ids
    assert names == list(dict.fromkeys(one for one in ids if one is not None))


def test_numbers_by_first_appearance():
    new, old = by_appearance(np.array([5, 2, 5, 9, 2]))
    assert new.tolist() == [0, 1, 0, 2, 1]
    assert old.tolist() == [5, 2, 9]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (chunked(["0", "1.5", None], pa.large_string()), [0, 1.5, np.nan]),
        (chunked([0, 2**36], pa.int64()), [0, 2.0**36]),
        (chunked(["2024-05-01T12:00:00", "2024-05-01"], pa.large_string()), [NOON, NOON - 43_200]),
        (chunked(["2024-05-01T14:00:00+02:00", "2024-05-01T12:00:00Z"], pa.large_string()), [NOON, NOON]),
        # several kinds in one column are read one by one
        (
            chunked(["2024-05-01 12:00:00.25Z", " 7 ", "soon", "nan", "inf", "2024-05-01T12:00:00"]),
            [NOON + 0.25, 7, np.nan, np.nan, np.nan, NOON],
        ),
        (chunked(["2024-05-01 12:00:00 UTC", None], pa.large_string()), [NOON, np.nan]),
        (chunked(["2024-05-01 12:00:00.25 UTC", "7", "2024-05-01 UTC+2"]), [NOON + 0.25, 7, np.nan]),
        # milliseconds are no seconds of the year 56312
        (chunked([1_714_564_800_000, 1_714_564_800, -62_135_596_800_000]), [np.nan, NOON, np.nan]),
        (chunked(["1714564800000", "9999-12-31"]), [np.nan, 253_402_214_400]),
        ([1_714_564_800_000, NOON], [np.nan, NOON]),
        # dates written together are no seconds of August 1970
        (chunked([20240131, 20231224, None]), [np.nan, np.nan, np.nan]),
        (chunked(["20240131", "0", "20231224"], pa.large_string()), [np.nan, 0, np.nan]),
        ([20240131.0, "2024-01-31"], [20_240_131, 1_706_659_200]),  # one of two may be seconds
        (["2024-05-01T12:00:00Z", 3, 4.5, None, [1], "x"], [NOON, 3, 4.5, np.nan, np.nan, np.nan]),
    ],
)
def test_times_are_seconds_since_the_epoch(column, expected):
    np.testing.assert_array_equal(seconds(column), expected)


@pytest.mark.parametrize(
    "moments",
    [
        chunked([dt.datetime(2024, 5, 1, 12), None]),
        chunked([dt.datetime(2024, 5, 1, 12), None], pa.timestamp("ns")),
        chunked([dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC), None], pa.timestamp("ms", "Asia/Tokyo")),
    ],
)
def test_arrow_moments_are_seconds_too(moments):
    np.testing.assert_array_equal(seconds(plain(moments)), [NOON, np.nan])


BEYOND_FLOATS = 2**53 + 1  # of which and its neighbour a float64 makes one


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [([BEYOND_FLOATS, BEYOND_FLOATS + 1, None], pa.int64()), ([10**30 + 1, -7, None], pa.large_string())],
)
def test_decimals_without_a_fraction_keep_every_digit(numbers, kind):
    column = chunked([None if n is None else Decimal(n) for n in numbers], pa.decimal128(38, 0))
    assert plain(column).type == kind
    assert number_ids(plain(column))[1] == [str(n) for n in numbers if n is not None]
    prices = plain(chunked([Decimal("1.50"), None]))
    assert (prices.type, prices.to_pylist()) == (pa.float64(), [1.5, None])


def test_plain_columns():
    assert plain(chunked(["a", None, "a"]).dictionary_encode()).to_pylist() == ["a", None, "a"]
    assert plain(chunked([dt.date(1970, 1, 2)])).to_pylist() == [86_400.0]
    assert plain([1, "a"]) == [1, "a"]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (
            chunked(["NA", "na", " NA", "", None, "-9"], pa.large_string()),
            [None, "na", " NA", "", None, None],
        ),
        (chunked(["NA", "x", None]).dictionary_encode(), [None, "x", None]),
        (chunked([-9, None]), [-9, None]),
        (chunked([["NA"], None]), [["NA"], None]),
        (["NA", -9, ["NA"], None, "nan", float("inf")], [None, -9, ["NA"], None, "nan", float("inf")]),
    ],
)
def test_texts_that_stand_for_an_empty_cell(column, expected):
    found = emptied(column, ["NA", "-9"])
    assert (found if isinstance(found, list) else found.to_pylist()) == expected
    assert emptied(column, []) is column


def test_cells_of_rows():
    column = chunked([1.5, float("nan"), None])
    cells = pick_cells(column, np.array([2, 0, -1, 1]))
    assert [*cells] == [None, 1.5, None, None] and len(cells) == 4 and cells[1] == 1.5
    mixed = pick_cells([1.5, float("nan"), ["x"], 1, True], np.array([2, 0, -1, 1, 3, 4]))
    assert [*mixed] == [["x"], 1.5, None, None, 1, True]
    assert mixed[5] is True  # which equals 1, and is not the same
    lists = pa.chunked_array([[[1.0], None, [1.0]]])
    assert [*pick_cells(lists, np.array([0, 1, 2]))] == [[1.0], None, [1.0]]


@pytest.mark.parametrize("chunks", [[["a", None, "b"], ["b", "a"]], [["a", None, "b", "b", "a"]]])
def test_different_cells_are_held_once(chunks):
    column = pa.chunked_array(chunks, pa.large_string())
    cells = pick_cells(column, np.asarray([4, 0, 1, -1, 3, 2]))
    assert [*cells] == ["a", "a", None, None, "b", "b"]
    assert cells.distinct == ["a", None, "b"]
    assert cells.places.tolist() == [0, 0, 1, 1, 2, 2]
    assert [*pick_cells(column, np.zeros(0, int))] == []


def test_different_cells_are_read_once_and_every_row_of_a_refused_one_is_refused():
    column = pa.chunked_array([["1", "x", "2", "y", "x", None]], pa.large_string())
    cells, refused, read = pick_cells(column, np.asarray([5, 4, 3, 2, 1, 0])), [], []

    def reader(distinct, reject):
        read.append(distinct)
        for place, cell in enumerate(distinct):
            if cell in ("x", "y"):
                reject(place, f"no {cell}")
        return [cell and cell * 2 for cell in distinct]

    assert cells.read(reader, lambda *told: refused.append(told)) == [None, "xx", "yy", "22", "11"]
    assert read == [[None, "x", "y", "2", "1"]]
    assert refused == [(1, "no x"), (2, "no y"), (4, "no x")]


def test_ids_of_every_type_are_numbered_by_first_appearance():
    columns = {
        "texts": pa.chunked_array([["b", " ", "a"], [None, "b", "\t", "c"]], pa.large_string()),
        "floats": pa.chunked_array([[2.0, float("nan"), 1.5], [None, 2.0, float("nan"), 3e20]]),
        "numbers": pa.chunked_array([[2, None, 1], [None, 2, None, 3]], pa.int64()),
        "a list": [2, None, 1.5, " ", 2.0, "", 3],
    }
    expected = {
        "texts": ["b", "a", "c"],
        "floats": ["2", "1.5", str(int(3e20))],
        "numbers": ["2", "1", "3"],
        "a list": ["2", "1.5", "3"],
    }
    for name, column in columns.items():
        numbers, ids = number_ids(column)
        assert (numbers.tolist(), ids) == ([0, -1, 1, -1, 0, -1, 2], expected[name]), name
    assert number_ids(pa.chunked_array([], pa.large_string()))[1] == []
