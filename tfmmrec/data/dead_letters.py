"""What could not be used: every row and every cell, with the reason."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from tfmmrec.aside import file_aside

_EXCERPT = 80  # characters of a value that are kept


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One row that was not used, or one cell that counts as missing.

    Attributes:
        table: ``"events"``, ``"items"`` or ``"users"``.
        file: the table's file.
        line: as a text editor or a spreadsheet counts, from 1, the header included.
        column: the column that is to blame, or ``""`` for the row as a whole.
        lost: ``"row"`` or ``"cell"``.
        reason: in a few words that repeat from letter to letter.
        detail: what was expected and what came.
        value: the beginning of the cell.
    """

    table: str
    file: str
    line: int
    column: str
    lost: Literal["row", "cell"]
    reason: str
    detail: str = ""
    value: str = ""

    def __str__(self) -> str:
        column = f", column {self.column!r}" if self.column else ""
        value = f" {self.value!r}" if self.value else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}{value}" + (
            f" ({self.detail})" if self.detail else ""
        )


_ADVICE = {
    "unknown item": "Complete the items table, or check that both tables write ids alike (007 is not 7).",
    "empty user id": "Check that the schema's user_id names the right column.",
    "empty item id": "Check that the schema's item_id names the right column.",
    "duplicate item id": "The items table has one row per item: join what tells of the same one.",
    "duplicate user id": "The users table has one row per user: join what tells of the same one.",
    "duplicate event": "If they are events of their own, give what tells them apart as an event feature.",
    "wrong number of cells": "Quote cells that hold the separator, or name another in the schema's tables.",
    "no JSON object": "JSON-lines has one object per line, with nothing around them.",
    "unknown split": "The column of a split says train, valid, test or context.",
}


def advice(letter: DeadLetter) -> str:
    """What to do about letters of this reason."""
    if letter.reason.startswith("not "):
        return "Save the file as UTF-8, or name its encoding in the schema's tables."
    if letter.reason == f"unusable {letter.column}" and not letter.detail:  # others tell what was expected
        return (
            "A time is a number of seconds since 1970, or ISO 8601 such as 2024-05-01T12:00:00; divide "
            "milliseconds by 1000, in requests as well, and write a date such as 20240501 as 2024-05-01."
        )
    return _ADVICE.get(letter.reason, "Check that the schema gives this column the right kind.")


def check_place(path: str | Path) -> None:
    """Makes the folder of a file for `DeadLetters.write`, before the work that the file is to tell of.

    Raises:
        ValueError: no file can be written there.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
        if path.is_dir():
            raise IsADirectoryError("it is a folder")
    except OSError as error:
        raise ValueError(
            f"dead_letters={str(path)!r} must be a file that can be written, but: {error}. Name another."
        ) from error


class DeadLetters:
    """Collects what could not be used, and keeps the books: rows in = rows used + dead + left out.

    Args:
        strict: whether the first letter is an error.
    """

    def __init__(self, strict: bool = False) -> None:
        self._strict = strict
        self._letters: list[DeadLetter] = []
        self._left_out: Counter[tuple[str, str]] = Counter()

    def __len__(self) -> int:
        return len(self._letters)

    def __iter__(self) -> Iterator[DeadLetter]:
        return iter(self._letters)

    def since(self, number: int) -> Sequence[DeadLetter]:
        """The letters after the first so many."""
        return self._letters[number:]

    def row(
        self, table: str, file: str, line: int, column: str, reason: str, value: Any = None, detail: str = ""
    ) -> None:
        """A row that is not used at all. Each row of a table is reported once."""
        self._add(table, file, line, column, "row", reason, detail, value)

    def cell(
        self, table: str, file: str, line: int, column: str, reason: str, value: Any = None, detail: str = ""
    ) -> None:
        """A cell that counts as missing; its row is used."""
        self._add(table, file, line, column, "cell", reason, detail, value)

    def check_share(self, rows: dict[str, int], most: float) -> None:
        """Checks that not too much of a table was lost: of its rows, or of the cells of a column.

        Args:
            rows: rows of each table.
            most: the largest share that may be, in [0, 1].

        Raises:
            ValueError: more was lost; the message says why, for the most frequent reasons, and what to do.
        """
        lost = Counter((letter.table, letter.column * (letter.lost == "cell")) for letter in self._letters)
        for (table, column), count in lost.most_common():
            if count <= most * rows[table]:
                continue
            what = f"cells of the column {column!r} of {table!r}" if column else f"rows of {table!r}"
            alike = [x for x in self._letters if (x.table, x.column * (x.lost == "cell")) == (table, column)]
            reasons = Counter(letter.reason for letter in alike).most_common(3)
            firsts = [next(letter for letter in alike if letter.reason == reason) for reason, _ in reasons]
            told = "".join(
                f"\n  {number:,}: {first}. {advice(first)}"
                for (_, number), first in zip(reasons, firsts, strict=True)
            )
            raise ValueError(
                f"{count:,} of the {rows[table]:,} {what} cannot be used, and max_dead={most:g} allows "
                f"{int(most * rows[table]):,}. The most frequent reasons, each with its first:{told}\n"
                "Mend the data, or raise max_dead, up to 1, to go on without them."
            )

    def left_out(self, table: str, rule: str, rows: int) -> None:
        """Rows that are sound and still not used, by a rule that has a name."""
        if rows:
            self._left_out[table, rule] += rows

    def counts(self) -> dict[str, int]:
        """``{"events: unknown item": 3, …}``, the most frequent first."""
        counts = Counter(f"{letter.table}: {letter.reason}" for letter in self._letters)
        counts.update({f"{table}: {rule}": rows for (table, rule), rows in self._left_out.items()})
        return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))

    def balance(self, table: str, rows: int, used: int) -> dict[str, int]:
        """Checks the books of one table: no row went missing without a letter, none was lost twice.

        Args:
            table: ``"events"``, ``"items"`` or ``"users"``.
            rows: rows of its files.
            used: different rows that became an item, a user or an event.

        Returns:
            ``{"rows": …, "used": …, "dead": …, "left out": …}``, where the first is the sum of the others.

        Raises:
            RuntimeError: the books do not balance. A fault of the library.
        """
        dead = [(x.file, x.line) for x in self._letters if x.table == table and x.lost == "row"]
        left_out = sum(count for (name, _), count in self._left_out.items() if name == table)
        twice = [place for place, count in Counter(dead).items() if count > 1]
        if rows != used + len(dead) + left_out or twice:
            where = "".join(f" Line {line} of {file} was lost twice." for file, line in twice[:1])
            raise RuntimeError(
                f"The rows of table {table!r} do not add up: {rows} read, but {used} used + "
                f"{len(dead)} dead + {left_out} left out.{where} This is a fault of the library; "
                "please report it."
            )
        return {"rows": rows, "used": used, "dead": len(dead), "left out": left_out}

    def write(self, path: str | Path) -> None:
        """Writes one JSON object per line, in the order of the tables; the file appears whole.

        Where there are no letters there is no file, and an earlier one is removed.
        """
        if not self._letters:
            Path(path).unlink(missing_ok=True)
            return
        order = sorted(self._letters, key=lambda letter: (letter.table, letter.file, letter.line))
        with file_aside(path) as aside, aside.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(letter), ensure_ascii=False) + "\n" for letter in order)

    def _add(
        self,
        table: str,
        file: str,
        line: int,
        column: str,
        lost: Literal["row", "cell"],
        reason: str,
        detail: str,
        value: Any,
    ) -> None:
        text = "" if value is None else str(value)
        excerpt = text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"
        letter = DeadLetter(table, file, int(line), column, lost, reason, detail, excerpt)
        if self._strict:
            raise ValueError(f"{letter}. strict=True stops here; without it, it is listed and left out.")
        self._letters.append(letter)
