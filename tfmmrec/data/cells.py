"""Columns of a table as the ids and the times they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfmmrec.modalities.modality import Reject, text_of
from tfmmrec.modalities.timestamp import END, FIRST, read_time, written_together

Column: TypeAlias = pa.ChunkedArray | list[Any]
"""The cells of one column: an Arrow array, or a list where JSON-lines may mix types. None is empty."""

_UTC = pa.timestamp("us", "UTC")


def plain(column: Column) -> Column:
    """A column in few types: dictionaries decoded, moments as float64 seconds since the epoch (UTC).

    Decimals of scale 0, which ids may be, keep every digit: as int64, or as text where they do not fit.
    """
    if isinstance(column, list):
        return column
    kind = column.type
    if pa.types.is_dictionary(kind):
        return plain(column.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        microseconds = column.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
        return pc.divide(microseconds.cast(pa.int64()).cast(pa.float64(), safe=False), 1e6)
    if pa.types.is_decimal(kind) and kind.scale == 0:
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            return column.cast(pa.large_string())
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        return column.cast(pa.float64(), safe=False)
    return column


def emptied(column: Column, missing: Sequence[str]) -> Column:
    """A column in which cells that are exactly one of these strings are empty; others stay as they are."""
    if not missing:
        return column
    column = plain(column)
    if isinstance(column, list):
        return [None if isinstance(cell, str) and cell in missing else cell for cell in column]
    if not pa.types.is_large_string(column.type):
        return column
    return pc.if_else(pc.is_in(column, value_set=pa.array(missing, column.type)), None, column)


@dataclass(frozen=True)
class Cells(Sequence[Any]):
    """The cells of some rows, of which each different one is held, and looked at, once.

    Attributes:
        distinct: Python values by first appearance; empty cells and NaN are None.
        places: int64 ``[R]``: which of them each row has.
    """

    distinct: list[Any]
    places: np.ndarray

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: Any) -> Any:
        return self.distinct[self.places[row]]

    def __iter__(self) -> Iterator[Any]:
        return map(self.distinct.__getitem__, self.places.tolist())

    def read(self, reader: Callable[[Sequence[Any], Reject], list[Any]], reject: Reject) -> list[Any]:
        """What a reader makes of the distinct cells; the rows of those it refuses are refused, in order."""
        refused: dict[int, str] = {}
        values = reader(self.distinct, refused.__setitem__)
        if refused:
            for row in np.flatnonzero(np.isin(self.places, list(refused))).tolist():
                reject(row, refused[int(self.places[row])])
        return values


def pick_cells(column: Column, rows: np.ndarray) -> Cells:
    """The cells of these rows; row −1 has none. Cells that JSON-lines may mix the types of stay apart."""
    rows = np.asarray(rows, "int64")
    if isinstance(column, list):
        cells = [column[row] if row >= 0 else None for row in rows.tolist()]
        return Cells([None if cell != cell else cell for cell in cells], np.arange(len(rows)))
    taken = column.take(pa.array(rows, mask=rows < 0))
    if pa.types.is_nested(column.type):
        return Cells(taken.to_pylist(), np.arange(len(rows)))
    coded = pc.dictionary_encode(taken, null_encoding="encode").unify_dictionaries()
    if not coded.num_chunks:
        return Cells([], np.arange(0))
    distinct = coded.chunk(0).dictionary.to_pylist()
    places = np.concatenate([chunk.indices.to_numpy(zero_copy_only=False) for chunk in coded.chunks])
    return Cells([None if cell != cell else cell for cell in distinct], places.astype("int64"))


def number_ids(column: Column) -> tuple[np.ndarray, list[str]]:
    """Ids and their numbers by first appearance.

    An id is a string, taken as it stands; of what else it may be see `text_of`. A cell of nothing but spaces
    is empty.

    Returns:
        int64 ``[R]`` number of each row's id, −1 where the cell is empty; and the ids.
    """
    floats = not isinstance(column, list) and pa.types.is_floating(column.type)
    if isinstance(column, list) or not (
        floats or pa.types.is_large_string(column.type) or pa.types.is_integer(column.type)
    ):
        cells = column if isinstance(column, list) else column.to_pylist()
        column = pa.chunked_array([[text_of(cell) for cell in cells]], pa.large_string())
    # the ids are looked at once each, and not once for every row
    coded = pc.dictionary_encode(column).unify_dictionaries().combine_chunks()
    if isinstance(coded, pa.ChunkedArray):  # without a row there is no chunk
        coded = pc.dictionary_encode(pa.array([], column.type))
    distinct = pa.array(map(text_of, coded.dictionary.to_pylist())) if floats else coded.dictionary
    texts = distinct.cast(pa.large_string())
    blank = np.asarray(pc.fill_null(pc.equal(pc.utf8_trim_whitespace(texts), ""), True), bool)
    renumbered = np.append(np.where(blank, -1, np.cumsum(~blank) - 1), -1)
    numbers = renumbered[coded.indices.fill_null(len(blank)).to_numpy(zero_copy_only=False)]
    return numbers, texts.filter(pa.array(~blank)).to_pylist()


def by_appearance(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Renumbers ``[R]`` numbers by first appearance; returns them and the old numbers in the new order."""
    old, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty(len(order), "int64")
    rank[order] = np.arange(len(order))
    return rank[inverse.reshape(-1)], old[order]


def seconds(column: Column) -> np.ndarray:
    """Times as float64 ``[R]`` seconds since the epoch; NaN where a cell is empty or no time.

    A time is a number of seconds, or ISO 8601 (``2024-05-01``, ``2024-05-01T12:00:00+02:00``), which is UTC
    where it does not name its zone, and may end with ``" UTC"``. Beyond the years 1 to 9999 there is none:
    such numbers are milliseconds, and gaps between them would be taken for a thousand times what they are.
    Nor are numbers seconds that are dates written together, see `written_together`.
    """
    times = None
    for kind in (pa.float64(), pa.timestamp("us"), _UTC):
        if times is None and not isinstance(column, list):
            try:
                numbers: Any = plain((_ending_in_z(column) if kind == _UTC else column).cast(kind))
                times = numbers.to_numpy().astype("float64")
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                continue
    if times is None:  # cells of several kinds, or unreadable ones
        cells = column if isinstance(column, list) else column.to_pylist()
        times = np.asarray([read_time(cell) for cell in cells], "float64")
    times = np.where((times >= FIRST) & (times < END), times, np.nan)
    return np.where(written_together(times), np.nan, times)


def _ending_in_z(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times as Arrow reads their zone: ``12:00:00Z`` for ``12:00:00 UTC``."""
    return pc.replace_substring(column, " UTC", "Z") if pa.types.is_large_string(column.type) else column
