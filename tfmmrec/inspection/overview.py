"""What is in a data folder, counted on all rows: sizes, sparsity, gaps, times, duplicates, labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tfmmrec.data.cells import Column, number_ids, seconds
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.readers import Table, check_folder, find_table, read_table
from tfmmrec.modalities import Modality, Video
from tfmmrec.modalities.media import media_by_id, media_of
from tfmmrec.schema import SIDES, Schema, Side

Progress = Callable[[str, int, int], None]

TABLES: dict[Side, str] = {"item": "items", "user": "users", "event": "events"}
TITLES = ("title", "name", "headline", "label")
_QUANTILES = {"least": 0.0, "25 %": 0.25, "median": 0.5, "75 %": 0.75, "95 %": 0.95, "most": 1.0}
_VALUES = 20  # of a label that are counted one by one
_EVERY = 500  # media looked up between two words of progress


@dataclass(frozen=True)
class FeatureOverview:
    """One feature of the schema.

    Attributes:
        side: ``"item"``, ``"user"`` or ``"event"``.
        column: its column.
        modality: its kind.
        rows: of its table.
        missing: rows whose cell is empty, or that have no file or vector of their own.
        broken: cells that name a file which is not there, is empty or lies outside; vectors that are not
            finite.
        distinct: different values; None where they are not counted.
    """

    side: str
    column: str
    modality: str
    rows: int
    missing: int
    broken: int = 0
    distinct: int | None = None


@dataclass(frozen=True)
class Overview:
    """What is in a data folder.

    Attributes:
        folder: its path.
        counts: rows and what they mention: events, users, items, items and users without events, pairs.
            Where the schema has no users, nothing that counts them.
        density: distinct (user, item) pairs among all there could be, 0 to 1; None without users.
        events_per_user, events_per_item: quantiles and mean, over those that events mention; the former is
            empty without users.
        time: ``first`` and ``last`` (ISO 8601, UTC), ``days`` between, ``unreadable`` cells; None without.
        duplicates: repeated ids, pairs, and pairs at the same time: rows beyond the first.
        features: one by one.
        labels: by task: ``known``, ``missing``, ``unusable`` and ``values``, the most frequent first.
        unreadable: rows that could not be read, by reason.
        tables: what was read, for sample rows.
    """

    folder: str
    counts: dict[str, int]
    density: float | None
    events_per_user: dict[str, float]
    events_per_item: dict[str, float]
    time: dict[str, Any] | None
    duplicates: dict[str, int]
    features: list[FeatureOverview]
    labels: dict[str, dict[str, Any]]
    unreadable: dict[str, int]
    tables: dict[Side, Table] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the rows, in plain values."""
        plain = {name: value for name, value in vars(self).items() if name not in ("tables", "features")}
        return {**plain, "features": [asdict(feature) for feature in self.features]}


def overview(folder: str | Path, schema: Schema, progress: Progress | None = None) -> Overview:
    """Reads the columns a schema names, all rows of them, and counts. Media are looked up, not decoded.

    Args:
        folder: the data.
        schema: what the columns are.
        progress: called with a stage, what is done of it and what there is to do.

    Raises:
        ValueError: a table is missing or cannot be used; the message says what to change.
    """
    folder, progress = check_folder(folder), progress or _silent
    letters = DeadLetters()
    tables = read_tables(folder, schema, letters, progress)
    events = tables["event"]
    alone = schema.user_id is None  # every event is a user of its own, and what counts users says nothing
    user, user_ids = number_ids(events.columns[schema.user_id]) if schema.user_id else _alone(len(events))
    item, item_ids = number_ids(events.columns[schema.item_id])
    time = seconds(events.columns[schema.timestamp]) if schema.timestamp else None
    known = (user >= 0) & (item >= 0)
    counts = {"events": len(events), "users": len(user_ids), "items": len(item_ids)}
    duplicates: dict[str, int] = {}
    if (~known).any():
        counts["events without an id"] = int((~known).sum())
    for side, mentioned, numbers in (("item", item_ids, item), ("user", user_ids, user)):
        if side not in tables:
            continue
        table = tables[side]
        rows, ids = number_ids(table.columns[getattr(schema, f"{side}_id")])
        listed = set(ids)
        unknown = np.asarray([one not in listed for one in mentioned] + [False])[numbers]
        counts[f"{side}s"] = len(listed | set(mentioned)) if side == "user" else len(listed)
        counts[f"{side}s without events"] = len(listed - set(mentioned))
        counts[f"events of unknown {side}s"] = int(unknown.sum())
        duplicates[f"{side} ids"] = int((rows >= 0).sum()) - len(ids)
    pair = user[known] * max(1, len(item_ids)) + item[known]
    pairs = np.unique(pair)
    if alone:
        del counts["users"]
    else:
        counts["user-item pairs"] = len(pairs)
        duplicates["user-item pairs"] = len(pair) - len(pairs)
    if time is not None and not alone:
        duplicates["user-item pairs at the same time"] = _same_moment(pair, time[known])
    return Overview(
        folder=str(folder),
        counts=counts,
        density=None if alone else len(pairs) / max(1, counts["users"] * counts["items"]),
        events_per_user={} if alone else _quantiles(np.bincount(user[known])),
        events_per_item=_quantiles(np.bincount(item[known])),
        time=None if time is None else _times(time),
        duplicates=duplicates,
        features=[
            _feature(one, side, tables[side], folder, schema, progress)
            for side in SIDES
            for one in getattr(schema, side)
            if side in tables
        ],
        labels=_labels(schema, events),
        unreadable=letters.counts(),
        tables=tables,
    )


def read_tables(folder: Path, schema: Schema, letters: DeadLetters, progress: Progress) -> dict[Side, Table]:
    """All rows of the columns that the schema names, and of what may be an item's title.

    Raises:
        ValueError: a table is missing or cannot be used.
    """
    tables: dict[Side, Table] = {}
    for side in SIDES:
        progress(f"{TABLES[side]}: reading", 0, 1)
        if table := _read(folder, schema, side, letters):
            tables[side] = table
        progress(f"{TABLES[side]}: reading", 1, 1)
    return tables


def _read(folder: Path, schema: Schema, side: Side, letters: DeadLetters) -> Table | None:
    """The columns of one table that the schema names, and what may be a title."""
    if side == "user" and schema.user_id is None:
        return None
    members = [feature for feature in getattr(schema, side) if feature.in_table]
    if side == "event":
        members += [task for task in schema.tasks if not task.retrieval]
    why = "it is what a model learns from" if side == "event" else ""
    why = why or (f"the schema gives {side}s features" if members else "")
    path = find_table(folder, TABLES[side], schema.tables.get(TABLES[side]), why)
    if path is None:
        return None
    wanted = {member.column: type(member).__name__ for member in members}
    wanted |= {schema.user_id: "user_id"} if schema.user_id and side != "item" else {}
    wanted |= {schema.item_id: "item_id"} if side != "user" else {}
    wanted |= {schema.timestamp: "timestamp"} if side == "event" and schema.timestamp else {}
    titles = TITLES if side == "item" else ()
    return read_table(folder, path, TABLES[side], wanted, letters, titles, schema.tables.get(TABLES[side]))


def _alone(events: int) -> tuple[np.ndarray, list[str]]:
    return np.arange(events), []


def _quantiles(counts: np.ndarray) -> dict[str, float]:
    counts = counts[counts > 0]
    if not len(counts):
        return {}
    found = {name: float(np.quantile(counts, share)) for name, share in _QUANTILES.items()}
    return {**found, "mean": float(counts.mean())}


def _times(time: np.ndarray) -> dict[str, Any]:
    known = time[np.isfinite(time)]
    found: dict[str, Any] = {"unreadable": int(len(time) - len(known))}
    if len(known):
        first, last = float(known.min()), float(known.max())
        found |= {"first": _moment(first), "last": _moment(last), "days": (last - first) / 86_400}
    return found


def _moment(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")


def _same_moment(pair: np.ndarray, time: np.ndarray) -> int:
    order = np.lexsort((time, pair))
    pair, time = pair[order], time[order]
    return int(np.sum((pair[1:] == pair[:-1]) & (time[1:] == time[:-1])))


def _feature(
    feature: Modality, side: Side, table: Table, folder: Path, schema: Schema, progress: Progress
) -> FeatureOverview:
    if not feature.in_table:
        return _apart(feature, side, table, folder, getattr(schema, f"{side}_id"))
    column = table.columns[feature.column]
    broken = 0
    if feature.media:
        stage = f"{table.name}: looking up {feature.column}"
        for first in range(0, len(table), _EVERY):
            progress(stage, first, len(table))
            cells = table.cells(feature.column, np.arange(first, min(first + _EVERY, len(table))))
            broken += sum(not _readable(cell, folder, isinstance(feature, Video)) for cell in cells)
        progress(stage, len(table), len(table))
    kind = type(feature).__name__
    return FeatureOverview(
        side, feature.column, kind, len(table), _missing(column), broken, _distinct(column)
    )


def _apart(feature: Modality, side: Side, table: Table, folder: Path, id_column: str) -> FeatureOverview:
    """A feature that stands in files of its own: media found by id, or vectors."""
    kind, rows = type(feature).__name__, len(table)
    if feature.media:
        numbers, ids = number_ids(table.columns[id_column])
        found = media_by_id(folder, feature.folder, feature.endings)  # type: ignore[attr-defined]
        there = np.asarray([one in found for one in ids] + [False])[numbers]
        return FeatureOverview(side, feature.column, kind, rows, int((~there).sum()))
    refused: set[int] = set()
    values = np.asarray(feature.raw([None] * table.met, folder, partial(_refuse, refused)))
    missing = int(np.isnan(values[table.places]).all(axis=1).sum())
    return FeatureOverview(side, feature.column, kind, rows, missing - len(refused), len(refused))


def _readable(cell: Any, folder: Path, folders: bool) -> bool:
    try:
        media_of(cell, folder, folders)
    except (ValueError, OSError):
        return False
    return True


def _missing(column: Column) -> int:
    if isinstance(column, list):
        return sum(cell is None or cell == "" or cell == [] or cell != cell for cell in column)
    empty = pc.is_null(column, nan_is_null=pa.types.is_floating(column.type))
    if pa.types.is_large_string(column.type):
        empty = pc.or_(empty, pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), ""), True))
    return int(pc.sum(empty).as_py() or 0)


def _distinct(column: Column) -> int | None:
    if isinstance(column, list) or pa.types.is_nested(column.type):
        return None
    return int(pc.count_distinct(column, mode="only_valid").as_py())


def _labels(schema: Schema, events: Table) -> dict[str, dict[str, Any]]:
    found = {}
    for task in schema.tasks:
        if task.retrieval:
            continue
        cells = events.cells(task.column, np.arange(len(events)))  # type: ignore[attr-defined]
        refused: set[int] = set()
        labels = task.labels(cells, partial(_refuse, refused))
        values = Counter(label for label in labels if label is not None)
        found[task.name] = {
            "task": type(task).__name__,
            "known": values.total(),
            "missing": len(labels) - values.total() - len(refused),
            "unusable": len(refused),
            "distinct": len(values),
            "values": {_text(value): count for value, count in values.most_common(_VALUES)},
        }
    return found


def _refuse(refused: set[int], row: int, reason: str) -> None:
    refused.add(row)


def _text(label: Any) -> str:
    return f"{label:g}" if isinstance(label, float) else str(label)


def _silent(stage: str, done: int, total: int) -> None:
    pass
