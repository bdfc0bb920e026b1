"""Which columns are the ids that tie events to users and items."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tfmmrec.inspection.columns import Column
from tfmmrec.inspection.sample import Sample

USER = ("user", "customer", "member", "reviewer", "visitor", "account", "person", "client")
ITEM = (
    "item",
    "movie",
    "product",
    "article",
    "song",
    "track",
    "book",
    "film",
    "news",
    "video",
    "asin",
    "sku",
)


def id_column(events: Sample, table: Sample | None, words: Sequence[str], kind: str, other: str = "") -> str:
    """The column of ids: named like one, and where there is a table of them, a column there too.

    Raises:
        ValueError: there is none.
    """
    there = [name for name in events.columns if name != other]
    alike = [name for name in named(events, words) if name in there]
    shared = [name for name in alike if table is None or name in table.columns]
    if shared:
        return shared[0]
    if table is not None:
        unique = [name for name in there if name in table.columns and _unique(table, name)]
        if unique:
            return unique[0]
        if alike:
            raise ValueError(
                f"{events.file} names {kind}s by {alike[0]!r}, but {table.file} has no such column, only "
                f"{', '.join(map(repr, table.columns))}. Give the ids one name in both."
            )
    raise ValueError(
        f"No column of {events.file} is named like the id of {'an' if kind == 'item' else 'a'} {kind}: it "
        f"has {', '.join(map(repr, there))}. Name one {kind}_id, or write the schema by hand "
        "(tfmmrec train --help shows one)."
        + (' Where there are no users, it says user_id = "".' if kind == "user" else "")
    )


def named(table: Sample, words: Sequence[str]) -> list[str]:
    """The columns named like an id, the surest first."""
    alike = [name for name in table.columns if _rank(name, words) < 9]
    return sorted(alike, key=lambda name: _rank(name, words))


def example_id(table: Sample) -> tuple[str, bool]:
    """The column that tells the rows of a table of examples apart, and whether it is named like an id.

    Raises:
        ValueError: there is none.
    """
    unique = [name for name in table.columns if _unique(table, name)]
    alike = [*named(table, ITEM), *(name for name in table.columns if name.lower() == "id")]
    if sure := [name for name in alike if name in unique]:
        return sure[0], True
    if unique:
        return unique[0], False
    raise ValueError(
        f"No column of {table.file} tells all of its rows apart: add one, item_id, with another value in "
        "each row."
    )


def _rank(name: str, words: Sequence[str]) -> int:
    """How much a name is like that of an id: 0 is sure, 9 is not."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    for rank, wanted in enumerate((f"{words[0]}id", words[0])):
        if plain == wanted:
            return rank
    for word in words:
        if plain in (f"{word}id", f"{word}sid", f"parent{word}") or (plain == word and word != "news"):
            return 2
    return 3 if plain in (words[0][0] + "id", words[0] + "name", words[0] + "key") else 9


def _unique(table: Sample, name: str) -> bool:
    column = Column(name, table.columns[name])
    return column.distinct == len(column.cells)
