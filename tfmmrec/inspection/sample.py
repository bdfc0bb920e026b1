"""The first rows of a table as Python values, all columns of them, in bounded memory."""

from __future__ import annotations

import csv
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet

from tfmmrec.data.cells import plain
from tfmmrec.data.encodings import BROKEN, MARK, open_text
from tfmmrec.data.formats import SEPARATORS
from tfmmrec.inspection.quotes import why_letters

ROWS = 20_000  # read of each table, at most
_CELL = 16 << 20  # characters of one cell: `load` reads no longer rows


@dataclass(frozen=True)
class Sample:
    """The first rows of a table.

    Attributes:
        name: ``"events"``, ``"items"`` or ``"users"``.
        file: its file below the data folder.
        columns: cells by column; None is empty.
        whole: whether these are all rows.
        times: columns that the file itself says are moments; their cells are seconds since the epoch.
        encoding: to be named in the schema, where the file is not in UTF-8 and does not say what it is in.
        why_encoding: what speaks for it.
        why_letters: what speaks for the quotes of a CSV being letters, which the schema has to say then.
        missing: texts to be named in the schema that stand for an empty cell, which they are in `columns`.
        why_missing: what speaks for it.
    """

    name: str
    file: str
    columns: dict[str, list[Any]]
    whole: bool
    times: frozenset[str] = frozenset()
    encoding: str | None = None
    why_encoding: str = ""
    why_letters: str = ""
    missing: tuple[str, ...] = ()
    why_missing: str = ""

    @property
    def quoted(self) -> bool:
        """Whether the quotes of a CSV hold cells together."""
        return not self.why_letters

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))


def read_sample(folder: Path, path: Path, name: str, rows: int = ROWS) -> Sample:
    """Reads the first rows of a table.

    Args:
        folder: the data folder.
        path: the table's file, or the folder of its files, of which the first is read.
        name: of the table.
        rows: at most so many.

    Raises:
        ValueError: the file is empty, without rows, or not what its ending says.
    """
    parts = (
        sorted(p for p in path.iterdir() if p.is_file() and p.name[0] not in "._") if path.is_dir() else []
    )
    part = parts[0] if parts else path
    where = f"Table {name!r} ({path.relative_to(folder).as_posix()})"
    if part.is_dir() or not part.stat().st_size:
        raise ValueError(f"{where} is empty; it needs a header and rows.")
    told: dict[str, Any] = {}
    try:
        if part.suffix == ".parquet":
            columns, times, more = _parquet(part, rows)
            told["times"] = times
        else:
            letters = told["why_letters"] = _quotes_as_letters(part, rows)
            columns, more, met = _text_rows(part, None, rows, not letters)
            if met.wrong:
                told["encoding"], told["why_encoding"] = met.likely()
                columns, more, _ = _text_rows(part, told["encoding"], rows, not letters)
    except (OSError, EOFError, zlib.error, csv.Error, pa.ArrowException) as error:
        hint = "; perhaps a quote that opens is never closed" if "field limit" in str(error) else ""
        raise ValueError(f"{where} cannot be read: {error}{hint}.") from error
    whole = not more and len(parts) < 2
    sample = Sample(name, path.relative_to(folder).as_posix(), columns, whole, **told)
    if not len(sample):
        raise ValueError(f"{where} has no rows, at most a header: nothing can be learnt from it.")
    return sample


def count_rows(path: Path, quoted: bool = True) -> int:
    """All rows of a file of one table, read through without being kept; `quoted` as in `Sample`."""
    if path.suffix == ".parquet":
        return pa.parquet.read_metadata(path).num_rows
    return sum(1 for _ in _read(path, None, quoted)[1])


def _parquet(path: Path, rows: int) -> tuple[dict[str, list[Any]], frozenset[str], bool]:
    with pa.parquet.ParquetFile(path) as file:
        total, schema = file.metadata.num_rows, file.schema_arrow
        batch = next(file.iter_batches(rows), None)
    columns = {} if batch is None else {name: batch.column(name) for name in schema.names}
    times = frozenset(f.name for f in schema if pa.types.is_timestamp(f.type) or pa.types.is_date(f.type))
    cells = {name: plain(column).to_pylist() for name, column in columns.items()}  # type: ignore[union-attr]
    return cells, times, total > rows


@dataclass
class _Encoding:
    """How far a text file is in the encoding it is read in, by the rows met; a header is one of them."""

    met: int = 0
    broken: int = 0
    beyond_ascii: int = 0
    first: str = ""

    def whole(self, text: str) -> bool:
        """Whether a row holds no broken byte; it is counted."""
        self.met += 1
        broken = not text.isascii() and BROKEN.search(text) is not None
        self.broken += broken
        self.beyond_ascii += not (broken or text.isascii())
        self.first = self.first or text * broken
        return not broken

    @property
    def wrong(self) -> bool:
        """Whether so many rows are broken that the file is in another encoding; `load` judges alike."""
        return 100 * self.broken > self.met and self.broken > self.beyond_ascii

    def likely(self) -> tuple[str, str]:
        """What the file may be in, and why."""
        found = BROKEN.search(self.first)
        assert found is not None
        byte = ord(found.group()) - MARK
        near = self.first[max(0, found.start() - 12) : found.end() + 12]
        contents = b"".join(bytes([ord(c) - MARK]) if BROKEN.match(c) else c.encode() for c in near)
        try:
            name, shown = "cp1252", contents.decode("cp1252")
        except UnicodeDecodeError:
            name, shown = "latin-1", contents.decode("latin-1")
        return name, (
            f"not UTF-8, as it holds byte 0x{byte:02x}, so read as {name}, in which that is part of "
            f"{shown.strip()!r}; if this is no word, name another encoding"
        )


_Rows = Iterator[tuple[str, dict[str, Any]]]
"""The text of each row, and its cells."""


def _text_rows(
    path: Path, encoding: str | None, rows: int, quoted: bool
) -> tuple[dict[str, list[Any]], bool, _Encoding]:
    """The first rows of CSV or JSON-lines, whether there are more, and how far they are in the encoding."""
    header, read = _read(path, encoding, quoted)
    met, kept = _Encoding(), list[dict[str, Any]]()
    if not met.whole(" ".join(header)):
        met.broken = met.met = rows  # columns cannot be named: as if no row could be read
    for text, row in read:
        if met.whole(text):
            kept.append(row)
        if len(kept) > rows:
            break
    names = header or list(dict.fromkeys(key for row in kept for key in row))
    return {name: [row.get(name) for row in kept[:rows]] for name in names}, len(kept) > rows, met


def _read(path: Path, encoding: str | None, quoted: bool) -> tuple[list[str], _Rows]:
    """The columns that a header names, and the rows."""
    return _jsonl(path, encoding) if _is_jsonl(path) else _csv(path, encoding, quoted)


def _is_jsonl(path: Path) -> bool:
    return ".jsonl" in [suffix.lower() for suffix in path.suffixes]


def _quotes_as_letters(path: Path, rows: int) -> str:
    """See `why_letters`, of so many rows."""
    if _is_jsonl(path):
        return ""
    with _text(path, None) as lines:
        first = lines.readline()
        return why_letters(first, islice(lines, rows), _separator(first))


def _separator(first: str) -> str:
    return max(SEPARATORS, key=first.count)


def _csv(path: Path, encoding: str | None, quoted: bool) -> tuple[list[str], _Rows]:
    csv.field_size_limit(max(_CELL, csv.field_size_limit()))  # of the process, and so only raised
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    lines = _text(path, encoding)
    first = lines.readline()
    separator = _separator(first)
    header = next(csv.reader([first], delimiter=separator, quoting=quoting), [])

    def rows() -> _Rows:
        with lines:
            for cells in csv.reader(lines, delimiter=separator, quoting=quoting):
                if len(cells) == len(header):  # another number is told of when the data is prepared
                    row = dict(zip(header, (cell or None for cell in cells), strict=True))
                    yield separator.join(cells), row

    return header, rows()


def _jsonl(path: Path, encoding: str | None) -> tuple[list[str], _Rows]:
    def rows() -> _Rows:
        with _text(path, encoding) as lines:
            for line in lines:
                try:
                    row = json.loads(line)
                except ValueError:
                    continue
                if isinstance(row, dict):
                    yield line, row

    return [], rows()


def _text(path: Path, encoding: str | None) -> io.TextIOWrapper:
    return io.TextIOWrapper(open_text(path, encoding), "utf-8", newline="")
