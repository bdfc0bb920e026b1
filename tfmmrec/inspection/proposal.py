"""A proposed schema: its entries with the reason for each, and its TOML."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tfmmrec.schema import Schema


@dataclass(frozen=True)
class Entry:
    """One entry of the schema: ``[[side]]`` (or ``[[task]]``), its settings and what speaks for it."""

    side: str
    settings: dict[str, Any]
    why: str


@dataclass(frozen=True)
class Guess:
    """A proposed schema.

    Attributes:
        head: top-level keys and their reasons.
        entries: features and tasks.
        left_out: ``"items.csv: imdb_id"`` → why it is no feature.
        looked_at: what the guess stands on.
    """

    head: dict[str, tuple[Any, str]]
    entries: list[Entry]
    left_out: dict[str, str]
    looked_at: list[str]

    @property
    def schema(self) -> Schema:
        """The proposal."""
        plain: dict[str, Any] = {key: value for key, (value, _) in self.head.items()}
        for entry in self.entries:
            plain.setdefault(entry.side, []).append(entry.settings)
        return Schema.from_dict(plain)

    @property
    def toml(self) -> str:
        """The proposal as a schema file, with a comment on each entry."""
        lines = ["# A guess, to be read and mended. It was made from:", *map(_comment, self.looked_at)]
        tables = self.head.get("tables")
        lines += [f"{key} = {_value(v)}  {_comment(why)}" for key, (v, why) in self.head.items() if why]
        if tables:
            lines += ["", "[tables]", *(f"{key} = {_value(file)}" for key, file in tables[0].items())]
        for entry in self.entries:
            lines += ["", _comment(entry.why), f"[[{entry.side}]]"]
            lines += [f"{key} = {_value(value)}" for key, value in entry.settings.items()]
        if self.left_out:
            lines += ["", "# Left out:", *(_comment(f"{what}: {why}") for what, why in self.left_out.items())]
        return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    """A comment of one line: no sign in it ends the line."""
    return "# " + "".join(sign if sign.isprintable() else " " for sign in text)


def _value(value: Any) -> str:
    """A text, a number, a truth value, a list or a table in TOML, whose texts are JSON's but for one sign."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + "}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
