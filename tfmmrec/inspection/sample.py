"""The first rows of a table as Python values, all columns of them, in bounded memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from tfmmrec.data.cells import plain

ROWS = 20_000  # read of each table, at most
SEPARATORS = (",", "\t", ";", "|")


@dataclass(frozen=True)
class Sample:
    """The first rows of a table.

    Attributes:
        name: ``"events"``, ``"items"`` or ``"users"``.
        file: its file below the data folder.
        columns: cells by column; None is empty.
        whole: whether these are all rows.
        times: columns that the file itself says are moments; their cells are seconds since the epoch.
    """

    name: str
    file: str
    columns: dict[str, list[Any]]
    whole: bool
    times: frozenset[str] = frozenset()

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
    try:
        if part.suffix == ".parquet":
            columns, times, more = _parquet(part, rows)
        else:
            columns, times = {}, frozenset()
            header, cells = _jsonl(part) if ".jsonl" in part.suffixes else _csv(part)
            read = list(islice(cells, rows + 1))
            more = len(read) > rows
            names = header or list(dict.fromkeys(key for row in read for key in row))
            columns = {name: [row.get(name) for row in read[:rows]] for name in names}
    except (OSError, EOFError, zlib.error, csv.Error, pa.ArrowException) as error:
        raise ValueError(f"{where} cannot be read: {error}.") from error
    sample = Sample(name, path.relative_to(folder).as_posix(), columns, not more and len(parts) < 2, times)
    if not len(sample):
        raise ValueError(f"{where} has no rows, at most a header: nothing can be learnt from it.")
    return sample


def count_rows(path: Path) -> int:
    """All rows of a file of one table, read through without being kept."""
    if path.suffix == ".parquet":
        return pa.parquet.read_metadata(path).num_rows
    return sum(1 for _ in (_jsonl(path) if ".jsonl" in path.suffixes else _csv(path))[1])


def _parquet(path: Path, rows: int) -> tuple[dict[str, list[Any]], frozenset[str], bool]:
    with pa.parquet.ParquetFile(path) as file:
        total, schema = file.metadata.num_rows, file.schema_arrow
        batch = next(file.iter_batches(rows), None)
    columns = {} if batch is None else {name: batch.column(name) for name in schema.names}
    times = frozenset(f.name for f in schema if pa.types.is_timestamp(f.type) or pa.types.is_date(f.type))
    cells = {name: plain(column).to_pylist() for name, column in columns.items()}  # type: ignore[union-attr]
    return cells, times, total > rows


def _csv(path: Path) -> tuple[list[str], Iterator[dict[str, Any]]]:
    lines = _text(path)
    first = lines.readline()
    separator = max(SEPARATORS, key=first.count)
    header = next(csv.reader([first], delimiter=separator), [])

    def rows() -> Iterator[dict[str, Any]]:
        with lines:
            for cells in csv.reader(lines, delimiter=separator):
                if len(cells) == len(header):  # another number is told of when the data is prepared
                    yield dict(zip(header, (cell or None for cell in cells), strict=True))

    return header, rows()


def _jsonl(path: Path) -> tuple[list[str], Iterator[dict[str, Any]]]:
    def rows() -> Iterator[dict[str, Any]]:
        with _text(path) as lines:
            for line in lines:
                try:
                    row = json.loads(line)
                except ValueError:
                    continue
                if isinstance(row, dict):
                    yield row

    return [], rows()


def _text(path: Path) -> io.TextIOWrapper:
    file: Any = gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # noqa: SIM115  closed by the reader
    return io.TextIOWrapper(file, "utf-8-sig", errors="replace", newline="")
