"""Tables and columns that a schema asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfmmrec.data import splits
from tfmmrec.data.readers import find_table
from tfmmrec.data.sources import as_python, as_toml
from tfmmrec.schema import SIDES, Schema, Side

TABLES: dict[Side, str] = {"item": "items", "user": "users", "event": "events"}


def find_tables(folder: Path, schema: Schema) -> dict[Side, Path]:
    """The files to read. Users without features of their own are what the events mention."""
    files: dict[Side, Path] = {}
    for side in SIDES:
        named = [feature.name for feature in getattr(schema, side)]
        why = f"the schema gives {side}s the features {', '.join(named)}" if named else ""
        if side == "event":
            why = "it is what a model learns from"
            if schema.user_id is None and files:  # maybe they stand beside the items' features
                beside = "events", files["item"].relative_to(folder).as_posix()
                why += f"; labels in the table of the items are named by {as_toml(*beside)} under [tables], "
                why += f"in Python named by {as_python(*beside)}"
        if side == "user" and not named:
            continue
        path = find_table(folder, TABLES[side], schema.tables.get(TABLES[side]), why)
        if path:
            files[side] = path
    return files


def columns(side: Side, schema: Schema, split: str) -> tuple[dict[str, str], list[str]]:
    """The columns of a table with who asks for each, and those that are read where there are such."""
    wanted = {}
    if side != "item" and schema.user_id:
        wanted[schema.user_id] = "user_id"
    if side != "user":
        wanted[schema.item_id] = "item_id"
    if side == "event":
        wanted |= {schema.timestamp: "timestamp"} if schema.timestamp else {}
        wanted |= {schema.event_weight: "event_weight"} if schema.event_weight else {}
        chances = [task.propensity for task in schema.tasks if isinstance(task.propensity, str)]
        wanted |= dict.fromkeys(chances, "propensity")
        column = splits.column_of(split)
        wanted |= {column: f"the split {split!r}"} if column else {}
    wanted |= members(side, schema)
    return wanted, ["split"] if side == "event" and split == "auto" and not schema.ordered else []


def members(side: Side, schema: Schema) -> dict[str, str]:
    """The columns of a side's features and, of events, of the tasks, with who asks for each."""
    members: list[Any] = [feature for feature in getattr(schema, side) if feature.in_table]
    if side == "event":
        members += [task for task in schema.tasks if not task.retrieval]
    return {member.column: f'{type(member).__name__}("{member.column}")' for member in members}
