"""CSV, Parquet and JSON-lines files as chunks of rows. No type is guessed: a cell of a CSV is a string."""

from __future__ import annotations

import codecs
import csv
import difflib
import gzip
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tfmmrec.data.cells import Column
from tfmmrec.data.dead_letters import DeadLetters

_BLOCK = 8 << 20  # bytes of CSV read at once, which is also the longest row
_ROWS = 65_536  # rows of a chunk of Parquet and JSON-lines

Chunk = tuple[np.ndarray, dict[str, Column]]
"""Some rows: int64 ``[R]`` lines of the file, and the cells by column."""


@dataclass
class Source:
    """One file being read: what is asked of it, and what was met so far.

    Attributes:
        table: ``"events"``, ``"items"`` or ``"users"``.
        path: the file.
        file: its name in messages.
        wanted: columns to read → who asks for each.
        optional: columns to read where there are such.
        letters: gets the rows that cannot be read.
        met: rows met so far, the unreadable ones included.
        found: columns met so far, in their order.
    """

    table: str
    path: Path
    file: str
    wanted: dict[str, str]
    letters: DeadLetters
    optional: Sequence[str] = ()
    met: int = 0
    found: dict[str, None] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"Table {self.table!r} ({self.file})"

    def columns(self) -> list[str]:
        """The columns to read, once all are found.

        Raises:
            ValueError: one is missing.
        """
        for column, asker in self.wanted.items():
            if column not in self.found:
                raise ValueError(
                    f"{self} has no column {column!r}, which {asker} asks for. "
                    f"It has: {', '.join(map(repr, self.found))}.{self._hint(column)}"
                )
        return [*self.wanted, *(c for c in self.optional if c in self.found and c not in self.wanted)]

    def reject(self, line: int, reason: str, value: Any, detail: str) -> None:
        """A row that cannot be read."""
        self.letters.row(self.table, self.file, line, "", reason, value, detail)

    def open(self) -> BinaryIO:
        """The file's bytes, unpacked."""
        return gzip.open(self.path) if self.path.suffix.lower() == ".gz" else self.path.open("rb")  # type: ignore[return-value]

    def _hint(self, column: str) -> str:
        if len(self.found) == 1:
            separator = next((s for s in (";", "\t", "|") if s in next(iter(self.found))), None)
            if separator:
                return f" Its columns seem to be separated by {separator!r}: write the file with commas."
        close = difflib.get_close_matches(column, self.found, n=1)
        return f" Did you mean {close[0]!r}?" if close else ""


def read_csv(source: Source) -> Iterator[Chunk]:
    """Comma-separated, quoted by ``"``, UTF-8 with or without a byte-order mark, a header of column names."""
    header = _header(source)
    source.found = dict.fromkeys(header)
    columns = source.columns()
    for column in columns:
        if header.count(column) > 1:
            raise ValueError(f"{source} has {header.count(column)} columns named {column!r}; keep one.")
    unread: list[int] = []

    def reject(row: Any) -> str:
        unread.append(row.number)
        detail = f"expected {row.expected_columns} cells, got {row.actual_columns}"
        source.reject(row.number, "wrong number of cells", row.text, detail)
        return "skip"

    line = 1  # the header
    with source.open() as file:
        text = _CheckedText(file)
        try:
            with pa.csv.open_csv(
                pa.PythonFile(text, mode="r"),
                pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
                # empty lines are kept, as rows of empty cells, so that lines can be counted
                pa.csv.ParseOptions(
                    newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=reject
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
                    lines = np.arange(line + 1, line + 1 + len(batch) + len(unread))
                    lines = (np.setdiff1d(lines, unread) if unread else lines)[: len(batch)]
                    line = lines[-1] if len(lines) else line
                    source.met += len(batch)
                    yield lines, {column: batch.column(column) for column in columns}
        except UnicodeDecodeError as error:
            raise _not_utf8(source) from error
        except pa.ArrowInvalid as error:
            if "Empty CSV file" in str(error):  # a header without a line break
                return
            if "straddling" not in str(error):
                raise
            raise ValueError(
                f"{source} has a row of more than {_BLOCK >> 20} MB after line {line}; perhaps a quote that "
                "opens there is never closed."
            ) from error
    source.met += len(unread)
    if text.quotes % 2:
        _check_quotes(source)


def read_parquet(source: Source) -> Iterator[Chunk]:
    """Parquet; lines count rows from 1."""
    with pa.parquet.ParquetFile(source.path) as file:
        source.found = dict.fromkeys(file.schema_arrow.names)
        for batch in file.iter_batches(_ROWS, columns=source.columns()):
            batch.validate(full=True)  # strings are UTF-8
            lines = np.arange(source.met + 1, source.met + 1 + len(batch))
            source.met += len(batch)
            yield lines, dict(zip(batch.schema.names, batch.columns, strict=True))


def read_jsonl(source: Source) -> Iterator[Chunk]:
    """One JSON object per line, UTF-8; a key that a line lacks is an empty cell. Empty lines are no rows."""
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
            raw = raw.removeprefix(codecs.BOM_UTF8) if number == 1 else raw
            if not raw.strip():
                continue
            source.met += 1
            try:
                text = raw.decode("utf-8").strip()
            except UnicodeDecodeError as error:
                raise _not_utf8(source) from error
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


class _CheckedText(io.RawIOBase):
    """A stream of bytes, handed on while checking that they are UTF-8 and counting the quotes."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file, self._decoder = file, codecs.getincrementaldecoder("utf-8")()
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`.

        Raises:
            UnicodeDecodeError: they are not UTF-8.
        """
        piece = self._file.read(size)
        self._decoder.decode(piece, final=not piece)
        self.quotes += piece.count(b'"')
        return piece


def _header(source: Source) -> list[str]:
    with source.open() as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        try:
            header = next(csv.reader(text), [])
        except UnicodeDecodeError as error:
            raise _not_utf8(source) from error
        except csv.Error as error:
            raise ValueError(f"{source} has no readable header: {error}.") from error
    if not any(header):
        raise ValueError(
            f"{source} begins with an empty line; its first line must name the columns "
            f"{', '.join(map(repr, source.wanted))}."
        )
    return header


def _not_utf8(source: Source) -> ValueError:
    with source.open() as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"line {number} holds byte 0x{line[error.start]:02x}"
                break
    encoding = "UTF-16" if line[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "ISO-8859-1"
    return ValueError(
        f"{source} is not UTF-8: {where}. Save it as UTF-8; it may be {encoding}, which "
        f"`iconv -f {encoding} -t UTF-8` converts."
    )


def _check_quotes(source: Source) -> None:
    """An odd number of quotes: fine inside of cells that are not quoted, a swallowed rest of the file if not.

    Raises:
        ValueError: the file ends inside of quotes.
    """
    with source.open() as file, io.TextIOWrapper(file, "utf-8-sig", newline="") as text:
        rows, line = csv.reader(text, strict=True), 1
        try:
            for _ in rows:
                line = rows.line_num + 1
        except csv.Error as error:
            if "unexpected end" in str(error) or "limit" in str(error):
                raise ValueError(
                    f"{source}: a quote that opens in the row at line {line} is never closed, so the rest of "
                    'the file would be one cell. Close it; a quote inside of quotes is written "".'
                ) from error
