"""CSV, Parquet and JSON-lines files as chunks of rows. No type is guessed: a cell of a CSV is a string."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tfmmrec.data.encodings import BROKEN, MARK, marked
from tfmmrec.data.sources import Chunk, Source, in_schema

SEPARATORS = (",", ";", "\t", "|")
"""What may stand between the cells of a CSV whose separator is not named."""

_BLOCK = 8 << 20  # bytes of CSV read at once; a row is always read if it is no longer
_ROWS = 65_536  # rows of a chunk of Parquet and JSON-lines


def read_csv(source: Source) -> Iterator[Chunk]:
    """Cells between separators, quoted by ``"`` where the schema does not say otherwise, under a header."""
    source.separator, header = _header(source)
    source.found = dict.fromkeys(header)
    columns = source.columns()
    for column in columns:
        if header.count(column) > 1:
            raise ValueError(f"{source} has {header.count(column)} columns named {column!r}; keep one.")
    unread: list[Any] = []

    def skip(row: Any) -> str:
        unread.append(row)  # told of below: an error in here would be lost
        return "skip"

    line, told = 1, 0  # the header; how many of `unread` have been told of
    with source.open() as file:
        text = _Counted(file)
        try:
            with pa.csv.open_csv(
                pa.PythonFile(text, mode="r"),
                pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
                # empty lines are kept, as rows of empty cells, so that lines can be counted
                pa.csv.ParseOptions(
                    delimiter=source.separator,
                    quote_char='"' if source.quoted else False,
                    newlines_in_values=source.quoted,
                    ignore_empty_lines=False,
                    invalid_row_handler=skip,
                ),
                pa.csv.ConvertOptions(
                    include_columns=columns,
                    column_types=dict.fromkeys(columns, pa.large_string()),
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=True,
                ),
            ) as batches:
                for batch in batches:
                    ahead = np.asarray([row.number for row in unread[told:]], "int64")
                    lines = np.arange(line + 1, line + 1 + len(batch) + len(ahead))
                    lines = np.setdiff1d(lines, ahead)[: len(batch)]
                    line = int(lines[-1]) if len(lines) else line
                    reached = told + int(np.sum(ahead < line))
                    source.met += len(batch) + reached - told
                    _reject(source, unread[told:reached])
                    told = reached
                    yield source.sound(lines, {column: batch.column(column) for column in columns})
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):  # a header without a line break
                return
            if "straddling" not in str(error):
                raise
            hint = f"; perhaps a quote that opens there is never closed. {_MEND}{_unquoted(source)}"
            raise ValueError(
                f"{source} has a row of more than {_BLOCK >> 20} MB after line {line}"
                + (hint if source.quoted else ".")
            ) from error
    source.met += len(unread) - told
    _reject(source, unread[told:])
    if source.quoted and (text.quotes % 2 or text.lines > 1 + source.met):
        _check_quotes(source)


def _reject(source: Source, unread: list[Any]) -> None:
    """Rows of a CSV that have too few or too many cells."""
    for row in unread:
        if BROKEN.search(row.text):
            source.reject_broken(row.number, row.text)
        else:
            detail = f"expected {row.expected_columns} cells, got {row.actual_columns}"
            source.reject(row.number, "wrong number of cells", row.text, detail)


def read_parquet(source: Source) -> Iterator[Chunk]:
    """Parquet; lines count rows from 1."""
    with pa.parquet.ParquetFile(source.path) as file:
        source.found = dict.fromkeys(file.schema_arrow.names)
        for batch in file.iter_batches(_ROWS, columns=source.columns()):
            lines = np.arange(source.met + 1, source.met + 1 + len(batch))
            source.met += len(batch)
            cells = dict(zip(batch.schema.names, batch.columns, strict=True))
            for name, column in cells.items():
                try:
                    column.validate(full=True)  # strings are UTF-8
                except pa.ArrowInvalid:
                    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
                        raise
                    contents = column.cast(pa.large_binary()).to_pylist()
                    cells[name] = pa.array(
                        [None if cell is None else marked(cell) for cell in contents], pa.large_string()
                    )
            yield source.sound(lines, cells)


def read_jsonl(source: Source) -> Iterator[Chunk]:
    """One JSON object per line; a key that a line lacks is an empty cell. Empty lines are no rows."""
    asked = [*source.wanted, *(c for c in source.optional if c not in source.wanted)]
    lines: list[int] = []
    cells: dict[str, list[Any]] = {column: [] for column in asked}

    def chunk() -> Chunk:
        packed = np.asarray(lines, "int64"), {column: list(values) for column, values in cells.items()}
        for values in (lines, *cells.values()):
            values.clear()
        return packed

    with source.open() as file:
        for number, raw in enumerate(file, 1):
            text = raw.decode("utf-8").strip()
            if not text:
                continue
            source.met += 1
            if BROKEN.search(text):
                source.reject_broken(number, text)
                continue
            source.beyond_ascii += not text.isascii()
            try:
                row = json.loads(text)
                if not isinstance(row, dict):
                    raise TypeError(f"it is a JSON {type(row).__name__}")
                if "\\u" in text:
                    json.dumps(row, ensure_ascii=False).encode("utf-8")  # fails on half of a surrogate pair
            except (ValueError, TypeError, RecursionError) as error:
                source.reject(number, "no JSON object", text, f"expected one JSON object, but {error}")
                continue
            source.found.update(dict.fromkeys(row))
            lines.append(number)
            for column in asked:
                cells[column].append(row.get(column))
            if len(lines) == _ROWS:
                yield chunk()
    yield chunk()


class _Counted(io.RawIOBase):
    """A stream of bytes, handed on while counting its quotes and lines, those inside of quotes among them."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self._last = b"\n"
        self.quotes = 0
        self._breaks = 0

    @property
    def lines(self) -> int:
        """Lines so far; the last may lack its line break."""
        return self._breaks + (self._last not in b"\r\n")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`."""
        piece = self._file.read(size)
        if piece:
            self.quotes += piece.count(b'"')
            self._breaks += piece.count(b"\n") + piece.count(b"\r") - piece.count(b"\r\n")
            self._breaks -= self._last == b"\r" and piece.startswith(b"\n")
            self._last = piece[-1:]
        return piece


def _header(source: Source) -> tuple[str, list[str]]:
    """The separator, the one with which the wanted columns are found if none is named, and the columns."""
    tabs = source.path.name.lower().removesuffix(".gz").endswith(".tsv")
    likely = sorted(SEPARATORS, key=lambda separator: separator != "\t") if tabs else SEPARATORS
    named = source.settings.get("separator")
    headers = {one: _names(source, one) for one in ([named] if named else likely)}
    # of equal ones the first
    separator = max(headers, key=lambda one: sum(column in headers[one] for column in source.wanted))
    return separator, headers[separator]


def _names(source: Source, separator: str) -> list[str]:
    with source.open() as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        try:
            header: list[str] = next(_rows(text, separator, source.quoted), [])
        except csv.Error as error:
            raise ValueError(f"{source} has no readable header: {error}.") from error
    if not any(header):
        raise ValueError(
            f"{source} begins with an empty line; its first line must name the columns "
            f"{', '.join(map(repr, source.wanted))}."
        )
    if broken := BROKEN.search(separator.join(header)):
        raise source.wrong_encoding(f"line 1 holds byte 0x{ord(broken.group()) - MARK:02x}")
    return header


def _rows(lines: Iterable[str], separator: str, quoted: bool = True, strict: bool = False) -> Any:
    """The reader of Python's `csv`, for cells as long as Arrow reads them."""
    # Arrow reads a row that ends in the block after its own. The limit is one of the process: only raised.
    csv.field_size_limit(max(2 * _BLOCK, csv.field_size_limit()))
    return csv.reader(
        lines,
        delimiter=separator,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=strict,
    )


_MEND = 'Close it; a quote inside of quotes is written "". Where quotes are letters like others, say so:'


def _unquoted(source: Source) -> str:
    """How a schema says that quotes are letters like others."""
    return in_schema(source.table, {**source.settings, "quote": ""})


def _check_quotes(source: Source) -> None:
    """Rows of several lines, and quotes of an odd number: fine where quoted cells hold the line breaks, and
    other cells the quotes; where quotes are not closed, rows between them are swallowed.

    Raises:
        ValueError: a row has several lines and quotes that do not fit, or the file ends inside of quotes.
    """
    lines: list[str] = []  # of the row that is read

    def noted(text: Iterable[str]) -> Iterator[str]:
        for line in text:
            lines.append(line)
            yield line

    separator, first = source.separator, 1
    with source.open() as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
        for _ in _rows(noted(text), separator):  # reads as Arrow does, whatever stands behind a closing quote
            try:
                if len(lines) > 1 or lines[0].count('"') % 2:
                    list(_rows(lines, separator, strict=True))
            except csv.Error as error:
                never, last = "unexpected end" in str(error), first + len(lines) - 1
                if never or len(lines) > 1:
                    lost = (
                        "is never closed, so the rest of the file would be one cell"
                        if never
                        else f"is not closed where its cell ends, so lines {first} to {last} would be one row"
                    )
                    raise ValueError(
                        f"{source}: a quote that opens in the row at line {first} {lost}. "
                        f"{_MEND}{_unquoted(source)}"
                    ) from error
            first += len(lines)
            lines.clear()
