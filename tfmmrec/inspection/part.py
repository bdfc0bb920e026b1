"""A part of a data folder, prepared on its own: whole users, what they met, some of the media."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec import data as prepared
from tfmmrec.data import Data
from tfmmrec.data.cells import number_ids
from tfmmrec.data.readers import Table
from tfmmrec.inspection.copies import copy_files, copy_media, copy_rows, with_names_below
from tfmmrec.inspection.overview import TABLES
from tfmmrec.modalities.media import media_by_id
from tfmmrec.modalities.modality import text_of
from tfmmrec.recipes.settings import Settings
from tfmmrec.schema import SIDES, Schema, Side

_ID = "the item's id"  # a column of the part's own, where the schema's names files, too


@dataclass(frozen=True)
class Part:
    """A part of the data, prepared.

    Attributes:
        data: the part.
        seconds: by stage.
        rows, media: by table.
    """

    data: Data
    seconds: Counter[str]
    rows: dict[str, int]
    media: dict[str, int]

    def size(self, stage: str, media: bool) -> int:
        """What a stage worked through."""
        table = stage.partition(":")[0]
        return self.media.get(table, 0) if media else self.rows.get(table, self.rows["events"])


def prepare_part(
    tables: dict[Side, Table],
    schema: Schema,
    settings: Settings,
    folder: Path,
    aside: Path,
    most: int,
    media: int,
) -> Part:
    """Writes a part of the tables, with a part of their media and the schema's files, and prepares it.

    Args:
        tables: all rows.
        schema: what the columns are.
        settings: of the training that is planned.
        folder: the data.
        aside: a new folder for the part; it is gone afterwards.
        most: rows of a table, about.
        media: files of a column.

    Nothing is written but in `aside`.

    Raises:
        ValueError: of `load`; or the schema names what lies outside the data folder.
    """
    aside.mkdir()
    events = _of_whole_users(tables["event"], schema, most)
    chosen: dict[Side, np.ndarray] = {"event": events}
    ids: dict[Side, str] = {"item": schema.item_id, "user": schema.user_id or ""}
    for side, column in ids.items():
        if side in tables:
            chosen[side] = _mentioned_first(tables[side], tables["event"], column, events, most)
    sides = {side: [with_names_below(one, folder) for one in getattr(schema, side)] for side in SIDES}
    schema = replace(schema, tables={}, **sides)  # type: ignore[arg-type]  # sides are names of its fields
    copied = {
        TABLES[side]: _write(side, table, chosen[side], schema, folder, aside, media)
        for side, table in tables.items()
    }
    for side in SIDES:  # after all that is written: a link is the data folder's own file
        for feature in getattr(schema, side):
            copy_files(feature, folder, aside)
    if _id_is_media(schema):
        schema = replace(schema, item_id=_ID)
    split = "auto" if settings.split.startswith("column") else settings.split
    clock = _Clock()
    data = prepared.load(aside, schema, split=split, cold_items=settings.cold_items, progress=clock)
    clock("events: the rest", 1, 1)
    shutil.rmtree(aside)
    # the files that weights start from are still where they were
    data = replace(data, vocabulary=replace(data.vocabulary, folder=str(folder)))
    return Part(data, clock.seconds, {TABLES[s]: len(rows) for s, rows in chosen.items()}, copied)


def _write(
    side: Side, table: Table, rows: np.ndarray, schema: Schema, folder: Path, aside: Path, media: int
) -> int:
    """Writes rows of a table with what stands in files of their own; how many of them have a medium."""
    cells = {name: list(table.cells(name, rows)) for name in table.columns}
    copied = 0
    if side != "user" and _id_is_media(schema):  # of which most are not copied
        cells[_ID] = cells[schema.item_id]
    for feature in getattr(schema, side):
        if feature.media:
            found = (
                cells[feature.column] if feature.in_table else _by_id(feature, side, cells, schema, folder)
            )
            kept = copy_media(found, folder, aside, media)
            copied = sum(cell is not None for cell in kept)
            if feature.in_table:
                cells[feature.column] = kept
            else:
                (aside / feature.folder).mkdir(parents=True, exist_ok=True)
        elif not feature.in_table:
            copy_rows(feature.file, folder, aside, table.places[rows])
    with (aside / f"{TABLES[side]}.jsonl").open("w", encoding="utf-8") as file:
        for row in zip(*cells.values(), strict=True):
            file.write(json.dumps(dict(zip(cells, row, strict=True)), default=str) + "\n")
    return copied


def _by_id(
    feature: Any, side: Side, cells: dict[str, list[Any]], schema: Schema, folder: Path
) -> list[str | None]:
    there = media_by_id(folder, feature.folder, feature.endings)
    own = cells.get(_ID) or cells[getattr(schema, f"{side}_id")]
    return [there.get(text_of(one)) for one in own]


def _id_is_media(schema: Schema) -> bool:
    """Whether items are told apart by the files they name."""
    return schema.item_id in {feature.column for feature in schema.item if feature.media and feature.in_table}


def _of_whole_users(events: Table, schema: Schema, most: int) -> np.ndarray:
    """About `most` rows of events: all of some users, drawn at random, so that histories stay whole."""
    if len(events) <= most:
        return np.arange(len(events))
    numbers, ids = users_of(events, schema)
    drawn = np.random.default_rng(0).permutation(len(ids))
    counts = np.bincount(numbers[numbers >= 0], minlength=len(ids))[drawn]
    users = drawn[: max(1, np.searchsorted(np.cumsum(counts), most, side="right"))]
    return np.flatnonzero(np.isin(numbers, users))


def _mentioned_first(table: Table, events: Table, column: str, rows: np.ndarray, most: int) -> np.ndarray:
    """Rows of a table of items or users: those that the events mention, then others up to `most`."""
    numbers, ids = number_ids(events.columns[column])
    mentioned = {ids[number] for number in np.unique(numbers[rows]) if number >= 0}
    numbers, ids = number_ids(table.columns[column])
    wanted = np.asarray([one in mentioned for one in ids] + [False])[numbers]
    order = np.argsort(~wanted, kind="stable")
    return np.sort(order[: max(int(wanted.sum()), min(most, len(table)))])


def users_of(events: Table, schema: Schema) -> tuple[np.ndarray, Sequence[Any]]:
    """The number of each event's user, and the users; without users every event is one."""
    if schema.user_id:
        return number_ids(events.columns[schema.user_id])
    return np.arange(len(events)), range(len(events))


class _Clock:
    """Progress of a preparation as seconds by stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._last = time.perf_counter()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        self.seconds[stage] += now - self._last  # type: ignore[assignment]
        self._last = now
