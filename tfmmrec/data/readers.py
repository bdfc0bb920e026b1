"""Finds and reads the tables of a data folder."""

from __future__ import annotations

import difflib
import os
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tfmmrec.data.cells import Cells, Column, emptied, pick_cells, plain
from tfmmrec.data.dead_letters import DeadLetter, DeadLetters
from tfmmrec.data.formats import read_csv, read_jsonl, read_parquet
from tfmmrec.data.sources import Chunk, Source, in_schema
from tfmmrec.modalities.media import below

_READERS = {
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".tsv": read_csv,
    ".tsv.gz": read_csv,
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
    ".jsonl.gz": read_jsonl,
}


@dataclass(frozen=True)
class Table:
    """Columns of one table, as read.

    Attributes:
        name: ``"events"``, ``"items"`` or ``"users"``.
        file: the path of its file or folder, below the data folder.
        parts: the paths of its files, in their order.
        first: int64 ``[P]``: the first row of each file.
        lines: int64 ``[R]``: where each row stands in its file, from 1. The header of a CSV is line 1; a row
            with line breaks inside of quotes counts as one line, as in a spreadsheet.
        places: int64 ``[R]``: which row of all files each is, from 0, the unreadable ones counted.
        columns: by name.
        met: rows in the files, the unreadable ones counted.
    """

    name: str
    file: str
    parts: list[str]
    first: np.ndarray
    lines: np.ndarray
    places: np.ndarray
    columns: dict[str, Column]
    met: int

    def __len__(self) -> int:
        return len(self.lines)

    def without(self, columns: Iterable[str | None]) -> Table:
        """The table without these columns, whose memory is free when nobody else holds it."""
        gone = set(columns)
        return replace(
            self, columns={name: column for name, column in self.columns.items() if name not in gone}
        )

    def where(self, row: int) -> tuple[str, int]:
        """The file and the line of a row."""
        return self.parts[np.searchsorted(self.first, row, side="right") - 1], int(self.lines[row])

    def cells(self, column: str, rows: np.ndarray) -> Cells:
        """The cells of these rows; row −1 has none."""
        return pick_cells(self.columns[column], rows)


def check_folder(folder: str | Path) -> Path:
    """The data folder as a path.

    Raises:
        ValueError: it is no folder; the message says what is there instead.
    """
    folder = Path(folder)
    if folder.is_dir():
        return folder
    if folder.exists():
        raise ValueError(f"Data folder {str(folder)!r} is a file; give the folder that holds it.")
    parent = folder.absolute().parent
    while not parent.is_dir():
        parent = parent.parent
    folders = sorted(path.name for path in parent.iterdir() if path.is_dir())
    close = difflib.get_close_matches(folder.name, folders, n=1)
    hint = f" Did you mean {str(parent / close[0])!r}?" if close else ""
    raise ValueError(
        f"Data folder {str(folder)!r} was not found.{hint} The folders in {str(parent)!r} are: "
        f"{_listing(folders)}."
    )


def table_files(path: Path) -> list[Path]:
    """The files of a table that `find_table` found: itself, or those in its folder by their names.

    Numbers in names count as numbers: ``part-2`` comes before ``part-10``.

    Files whose names begin with ``_`` or ``.`` are left out: notes of the program that wrote the others.

    Raises:
        ValueError: the folder holds no table, or tables of several formats.
    """
    if not path.is_dir():
        return [path]
    there = (p for p in path.iterdir() if p.is_file() and p.name[0] not in "._")
    files = sorted(there, key=lambda file: (_naturally(file.name), file.name))
    endings = {_ending(file.name) for file in files}
    if len(endings) != 1 or None in endings:
        raise ValueError(
            f"The folder {path.name!r} should hold one table as files of one format "
            f"({', '.join(_READERS)}), but holds: {_listing([file.name for file in files])}."
        )
    return files


def find_table(
    folder: Path, name: str, entry: str | Mapping[str, Any] | None = None, why: str = ""
) -> Path | None:
    """The file of a table, or the folder of its files; None where there is none and none is needed.

    Args:
        folder: the data folder.
        name: ``"events"``, ``"items"`` or ``"users"``.
        entry: of the schema's `tables`, where there is one; it may name the file.
        why: what it is needed for; ``""`` where it is not.

    Raises:
        ValueError: it is missing, there are several, its format is unknown, or it lies outside the folder.
    """
    there = sorted(path.name for path in folder.iterdir() if path.is_file())
    file = entry.get("file") if isinstance(entry, Mapping) else entry
    if file is not None:
        file = _inside(file, folder, name)
        if (folder / file).is_dir():
            return folder / file
        if _ending(file) is None:
            raise ValueError(
                f"The schema names {file!r} as the table {name!r}, but a table is a file of "
                f"{', '.join(_READERS)}."
            )
        if not (folder / file).is_file():
            raise ValueError(
                f"The schema names {file!r} as the table {name!r}, but {str(folder)!r} holds no such file."
                f"{_suggestion(file, there)} It holds: {_listing(there)}."
            )
        return folder / file
    found = [name + ending for ending in _READERS if name + ending in there]
    if (folder / name).is_dir() and any(_ending(path.name) for path in (folder / name).iterdir()):
        found.append(name)  # and no folder of pictures that happens to have this name
    if len(found) > 1:
        raise ValueError(
            f"Table {name!r} is there more than once: {', '.join(found)}. Keep one, or name one in the "
            f"schema:{in_schema(name, _renamed(entry, found[0]))}"
        )
    if not found and why:
        raise ValueError(
            f"Table {name!r} is missing: {why}, but {str(folder)!r} holds no {name}.csv, {name}.parquet or "
            f"{name}.jsonl (nor .tsv, .csv.gz, .tsv.gz, .jsonl.gz, nor a folder {name} of such files)."
            f"{_suggestion(f'{name}.csv', there)} It holds: {_listing(there)}. A table of another name is "
            f"named in the schema:{in_schema(name, _renamed(entry, '…'))}"
        )
    return folder / _inside(found[0], folder, name) if found else None


def read_table(
    folder: Path,
    path: Path,
    name: str,
    wanted: dict[str, str],
    letters: DeadLetters,
    optional: Sequence[str] = (),
    entry: str | Mapping[str, Any] | None = None,
) -> Table:
    """Reads columns of a table, of one file or of several under one name.

    Args:
        folder: the data folder, which file names in messages are relative to.
        path: the file, or the folder of the files.
        name: of the table.
        wanted: columns to read → who asks for each, for the message when it is missing.
        letters: gets the rows that cannot be read.
        optional: columns to read where there are such.
        entry: of the schema's `tables`, where there is one; it may name separator and encoding, and the
            cells that are empty (``missing``), and say that none is quoted (``quote``).

    Raises:
        ValueError: a file is empty, not what its ending says, not in its encoding, lacks a column or is a
            link out of the folder; or no file has a row.
    """
    settings: Mapping[str, Any] = {"file": entry} if isinstance(entry, str) else entry or {}
    parts: list[str] = []
    first, met = [0], 0
    lines, places = [np.zeros(0, "int64")], [np.zeros(0, "int64")]
    chunks: list[dict[str, Column]] = []
    unread: list[DeadLetter] = []
    for part in table_files(path):
        file = _inside(part.relative_to(folder).as_posix(), folder, name)
        source = Source(name, part, file, wanted, letters, optional, settings)
        before = len(letters)
        read = _read(source)
        dead = list(letters.since(before))
        parts.append(file)
        numbers = np.concatenate([np.zeros(0, "int64"), *(numbers for numbers, _ in read)])
        gaps = np.searchsorted(sorted(letter.line for letter in dead), numbers)
        lines.append(numbers)
        places.append(met + np.arange(len(numbers)) + gaps)
        first.append(first[-1] + len(numbers))
        chunks += [cells for _, cells in read]
        met += source.met
        unread += dead
    file = path.relative_to(folder).as_posix()
    title = f"Table {name!r} ({file})"
    if not met:
        raise ValueError(f"{title} has no rows, at most a header: nothing can be made of it.")
    if len(unread) == met:
        where = f"{unread[0].file}, line {unread[0].line}" if len(parts) > 1 else f"line {unread[0].line}"
        raise ValueError(f"{title} has no readable row among {met}. The first, {where}: {unread[0].detail}.")
    there = dict.fromkeys(column for cells in chunks for column in cells)
    sizes = [len(next(iter(cells.values()))) for cells in chunks]
    columns: dict[str, Column] = {
        column: _join([cells.get(column, [None] * size) for cells, size in zip(chunks, sizes, strict=True)])
        for column in there
    }
    return Table(
        name,
        file,
        parts,
        np.asarray(first[:-1], "int64"),
        np.concatenate(lines),
        np.concatenate(places),
        columns,
        met,
    )


def _renamed(entry: str | Mapping[str, Any] | None, file: str) -> str | Mapping[str, Any]:
    """What a schema says of a table, with this file."""
    return {"file": file, **entry} if isinstance(entry, Mapping) and entry else file


def _inside(file: str, folder: Path, name: str) -> str:
    """A file by its path in the data folder.

    Raises:
        ValueError: it is not below the folder, links followed: a schema from elsewhere reads nothing else.
    """
    try:
        path = below(file, folder)
    except ValueError as error:
        raise ValueError(
            f"Table {name!r} ({file}) lies outside the data folder {str(folder)!r}, or is a link that leads "
            "out of it; tables lie below the data folder. Copy it there, and name it by its path in there."
        ) from error
    return path.relative_to(os.path.realpath(folder)).as_posix() if os.path.isabs(file) else file


def _read(source: Source) -> list[Chunk]:
    """The rows of one file."""
    if not source.path.stat().st_size:
        raise ValueError(
            f"{source} is an empty file (0 bytes); it needs a header or rows with the columns "
            f"{', '.join(map(repr, source.wanted))}."
        )
    ending = _ending(source.path.name) or source.path.suffix
    try:
        chunks = list(_READERS[ending](source))
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise ValueError(f"{source} is no readable {ending} file: {error}.") from error
    source.check_encoding()
    chunks = [(lines, cells) for lines, cells in chunks if len(lines)]
    keep = source.columns() if chunks else []
    missing = source.settings.get("missing", ())
    return [(lines, {column: emptied(cells[column], missing) for column in keep}) for lines, cells in chunks]


def _naturally(name: str) -> list[str | int]:
    """What sorts a name with its numbers as numbers: texts and numbers by turns."""
    return [int(piece) if place % 2 else piece for place, piece in enumerate(re.split(r"(\d+)", name))]


def _ending(name: str) -> str | None:
    """What a table's name ends with, the longest first; None where it is no table."""
    endings = sorted(_READERS, key=len, reverse=True)
    return next((ending for ending in endings if name.lower().endswith(ending)), None)


def _join(pieces: list[Column]) -> Column:
    """The pieces of a column as one. Files that do not agree on its type give a list of Python values."""
    pieces = [plain(piece) for piece in pieces]
    if len({"list" if isinstance(piece, list) else str(piece.type) for piece in pieces}) > 1:
        pieces = [piece if isinstance(piece, list) else piece.to_pylist() for piece in pieces]
    if isinstance(pieces[0], list):
        return [cell for piece in pieces for cell in piece]
    return pa.chunked_array(pieces)


def _suggestion(name: str, there: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, there, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _listing(names: Sequence[str]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(names[:12]) + more if names else "nothing"
