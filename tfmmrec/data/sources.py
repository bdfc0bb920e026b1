"""One file of a table while it is read: what is asked of it, and which of its rows are no text."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfmmrec.data.cells import Column
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.encodings import BROKEN, MARK, open_text, readable

_BROKEN = 1_000  # broken rows after which it is asked what the others are

Chunk = tuple[np.ndarray, dict[str, Column]]
"""Some rows: int64 ``[R]`` lines of the file, and the cells by column."""


def as_toml(table: str, entry: str | Mapping[str, Any]) -> str:
    """The line of a schema file, under ``[tables]``, that says this of a table."""
    if isinstance(entry, str):
        return f"{table} = {_text(entry)}"
    return f"{table} = {{{', '.join(f'{key} = {_text(value)}' for key, value in entry.items())}}}"


def as_python(table: str, entry: str | Mapping[str, Any]) -> str:
    """The argument of a `Schema` that says this of a table."""
    return f"tables={_text({table: entry})}"


def in_schema(table: str, entry: str | Mapping[str, Any]) -> str:
    """How a schema says this of a table, as the last lines of a message: in its file, and in Python."""
    return f"\n  [tables]\n  {as_toml(table, entry)}\nIn Python: {as_python(table, entry)}"


def _text(value: Any) -> str:
    """A text, a list or a dict of texts in Python; but for the dict it is the same in TOML."""
    return json.dumps(value, ensure_ascii=False)


@dataclass
class Source:
    """One file being read: what is asked of it, and what was met so far.

    Attributes:
        table: ``"events"``, ``"items"`` or ``"users"``.
        path: the file.
        file: its name in messages.
        wanted: columns to read → who asks for each.
        letters: gets the rows that cannot be read.
        optional: columns to read where there are such.
        settings: all that the schema's `tables` say of the table.
        separator: between the cells of a CSV, once its header is read.
        met: rows met so far, the unreadable ones included.
        found: columns met so far, in their order.
        broken: rows met that are not in the file's encoding.
        beyond_ascii: rows met that are, and hold more than ASCII.
    """

    table: str
    path: Path
    file: str
    wanted: dict[str, str]
    letters: DeadLetters
    optional: Sequence[str] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    separator: str = ","
    met: int = 0
    found: dict[str, None] = field(default_factory=dict)
    broken: int = 0
    beyond_ascii: int = 0
    _first_broken: str = ""

    def __str__(self) -> str:
        return f"Table {self.table!r} ({self.file})"

    @property
    def encoding(self) -> str | None:
        """Of CSV and JSON-lines; None: UTF-8, or what a byte-order mark says."""
        return self.settings.get("encoding")

    @property
    def quoted(self) -> bool:
        """Whether the quotes of a CSV hold cells together, and are not letters like others."""
        return self.settings.get("quote") != ""

    @property
    def text(self) -> str:
        """The encoding, in messages."""
        return (self.encoding or "UTF-8").upper()

    def columns(self) -> list[str]:
        """The columns to read, once all are found.

        Raises:
            ValueError: one is missing.
        """
        for column, asker in self.wanted.items():
            if column not in self.found:
                close = difflib.get_close_matches(column, self.found, n=1)
                hint = f" Did you mean {close[0]!r}?" if close else ""
                raise ValueError(
                    f"{self} has no column {column!r}, which {asker} asks for. "
                    f"It has: {', '.join(map(repr, self.found))}.{hint}"
                )
        return [*self.wanted, *(c for c in self.optional if c in self.found and c not in self.wanted)]

    def reject(self, line: int, reason: str, value: Any, detail: str, column: str = "") -> None:
        """A row that cannot be read."""
        self.letters.row(self.table, self.file, line, column, reason, value, detail)

    def open(self) -> BinaryIO:
        """The file's text as UTF-8 bytes; see `open_text`."""
        return open_text(self.path, self.encoding)

    def reject_broken(self, line: int, text: str, column: str = "") -> None:
        """A row that is not in the file's encoding; see `tfmmrec.data.encodings.MARK`.

        Raises:
            ValueError: there are so many of them that the file is in another encoding.
        """
        found = BROKEN.search(text)
        byte = f"byte 0x{ord(found.group()) - MARK:02x}" if found else "a broken byte"
        self.broken += 1
        self._first_broken = self._first_broken or f"line {line} holds {byte}"
        self.reject(line, f"not {self.text}", readable(text), f"expected {self.text}, got {byte}", column)
        if self.broken % _BROKEN == 0:
            self.check_encoding()

    def check_encoding(self) -> None:
        """A few broken rows are letters; a whole file that is not UTF-8 is an error.

        That is: more than one row in a hundred is broken, and more are than hold UTF-8 beyond ASCII.

        Raises:
            ValueError: it is such a file.
        """
        if 100 * self.broken > self.met and self.broken > self.beyond_ascii:
            raise self.wrong_encoding(self._first_broken)

    def wrong_encoding(self, where: str) -> ValueError:
        """The error of a file in another encoding than was said, or than UTF-8, where nothing was."""
        remedy = in_schema(self.table, {**self.settings, "encoding": "latin-1"})
        return ValueError(
            f"{self} is not {self.text}: {where}. Save it as UTF-8, or name its encoding in the schema; if "
            f"that is latin-1:{remedy}"
        )

    def sound(self, lines: np.ndarray, cells: dict[str, Any]) -> Chunk:
        """Rows as Arrow arrays, without those whose text is broken, which become letters."""
        broken, beyond_ascii = np.zeros(len(lines), bool), np.zeros(len(lines), bool)
        for name, column in cells.items():
            if not pa.types.is_large_string(column.type):
                continue
            special = np.flatnonzero(~np.asarray(pc.fill_null(pc.string_is_ascii(column), True)))
            beyond_ascii[special] = True
            for row, cell in zip(special.tolist(), column.take(pa.array(special)).to_pylist(), strict=True):
                if BROKEN.search(cell) and not broken[row]:
                    broken[row] = True
                    self.reject_broken(int(lines[row]), cell, name)
        self.beyond_ascii += int(np.sum(beyond_ascii & ~broken))
        if broken.any():
            lines = lines[~broken]
            cells = {name: column.filter(pa.array(~broken)) for name, column in cells.items()}
        return lines, cells
