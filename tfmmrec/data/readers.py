"""Finds and reads the tables of a data folder."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tfmmrec.data.cells import Column, pick_cells, plain
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.formats import Source, read_csv, read_jsonl, read_parquet

_READERS = {
    ".csv": read_csv,
    ".csv.gz": read_csv,
    ".parquet": read_parquet,
    ".jsonl": read_jsonl,
    ".jsonl.gz": read_jsonl,
}


@dataclass(frozen=True)
class Table:
    """Columns of one table, as read.

    Attributes:
        name: ``"events"``, ``"items"`` or ``"users"``.
        file: its path below the data folder.
        lines: int64 ``[R]``: where each row stands in the file, from 1. The header of a CSV is line 1; a row
            with line breaks inside of quotes counts as one line, as in a spreadsheet.
        places: int64 ``[R]``: which row of the file each is, from 0, the unreadable ones counted.
        columns: by name.
        met: rows in the file, the unreadable ones counted.
    """

    name: str
    file: str
    lines: np.ndarray
    places: np.ndarray
    columns: dict[str, Column]
    met: int

    def __len__(self) -> int:
        return len(self.lines)

    def cells(self, column: str, rows: np.ndarray) -> list[Any]:
        """Python values of these rows; row −1, empty cells and NaN are None."""
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


def find_table(folder: Path, name: str, file: str | None = None, why: str = "") -> Path | None:
    """The file of a table, or None where there is none and none is needed.

    Args:
        folder: the data folder.
        name: ``"events"``, ``"items"`` or ``"users"``.
        file: its file, where the schema names one.
        why: what it is needed for; ``""`` where it is not.

    Raises:
        ValueError: it is missing, there are several, or its format is unknown.
    """
    there = sorted(path.name for path in folder.iterdir() if path.is_file())
    if file is not None:
        if not file.lower().endswith(tuple(_READERS)):
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
    if len(found) > 1:
        raise ValueError(
            f"Table {name!r} is there more than once: {', '.join(found)}. Keep one, or name one in the "
            f'schema: tables={{"{name}": "{found[0]}"}}.'
        )
    if not found and why:
        raise ValueError(
            f"Table {name!r} is missing: {why}, but {str(folder)!r} holds no {name}.csv, {name}.parquet or "
            f"{name}.jsonl (nor .csv.gz, .jsonl.gz).{_suggestion(f'{name}.csv', there)} It holds: "
            f'{_listing(there)}. A table of another name is named in the schema: tables={{"{name}": "…"}}.'
        )
    return folder / found[0] if found else None


def read_table(
    folder: Path,
    path: Path,
    name: str,
    wanted: dict[str, str],
    letters: DeadLetters,
    optional: Sequence[str] = (),
) -> Table:
    """Reads columns of a table.

    Args:
        folder: the data folder, which file names in messages are relative to.
        path: the file.
        name: of the table.
        wanted: columns to read → who asks for each, for the message when it is missing.
        letters: gets the rows that cannot be read.
        optional: columns to read where there are such.

    Raises:
        ValueError: the file is empty, not what its ending says, not UTF-8, or lacks a column.
    """
    source = Source(name, path, path.relative_to(folder).as_posix(), wanted, letters, optional)
    ending = next(ending for ending in _READERS if path.name.lower().endswith(ending))
    if not path.stat().st_size:
        raise ValueError(
            f"{source} is an empty file (0 bytes); it needs a header or rows with the columns "
            f"{', '.join(map(repr, wanted))}."
        )
    unreadable = len(letters)
    try:
        chunks = list(_READERS[ending](source))
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        raise ValueError(f"{source} is no readable {ending} file: {error}.") from error
    lines = np.concatenate([lines for lines, _ in chunks] or [np.zeros(0, "int64")])
    if not source.met:
        raise ValueError(f"{source} has no rows, at most a header: nothing can be made of it.")
    unread = list(letters)[unreadable:]
    if not len(lines):
        first = f"The first, line {unread[0].line}: {unread[0].detail}."
        raise ValueError(f"{source} has no readable row among {source.met}. {first}")
    places = np.arange(len(lines)) + np.searchsorted(sorted(letter.line for letter in unread), lines)
    columns = {column: _join([cells[column] for _, cells in chunks]) for column in source.columns()}
    return Table(name, source.file, lines, places, columns, source.met)


def _join(pieces: list[Column]) -> Column:
    if isinstance(pieces[0], list):
        return [cell for piece in pieces for cell in piece]
    return plain(pa.chunked_array(pieces))


def _suggestion(name: str, there: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, there, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _listing(names: Sequence[str]) -> str:
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return ", ".join(names[:12]) + more if names else "nothing"
