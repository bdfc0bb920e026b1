"""A part of a data folder, prepared on its own: whole users, what they met, some of the media."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec import data as prepared
from tfmmrec.data import Data
from tfmmrec.data.cells import number_ids
from tfmmrec.data.readers import Table
from tfmmrec.inspection.overview import TABLES
from tfmmrec.modalities.media import Medium, media_by_id, media_of
from tfmmrec.recipes.settings import Settings
from tfmmrec.schema import Schema, Side


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
    """Writes a part of the tables, with a part of their media, and prepares it.

    Args:
        tables: all rows.
        schema: what the columns are.
        settings: of the training that is planned.
        folder: the data.
        aside: a new folder for the part; it is gone afterwards.
        most: rows of a table, about.
        media: files of a column.

    Raises:
        ValueError: of `load`.
    """
    aside.mkdir()
    events = _of_whole_users(tables["event"], schema, most)
    chosen: dict[Side, np.ndarray] = {"event": events}
    ids: dict[Side, str] = {"item": schema.item_id, "user": schema.user_id or ""}
    for side, column in ids.items():
        if side in tables:
            chosen[side] = _mentioned_first(tables[side], tables["event"], column, events, most)
    copied: dict[str, int] = {}
    for side, table in tables.items():
        names = [feature.column for feature in getattr(schema, side) if feature.media and feature.in_table]
        cells = {name: list(table.cells(name, chosen[side])) for name in table.columns}
        kept = 0
        for name in names:
            cells[name], kept = _with_media(cells[name], folder, aside, media)
        copied[TABLES[side]] = kept
        with (aside / f"{TABLES[side]}.jsonl").open("w", encoding="utf-8") as file:
            for row in zip(*cells.values(), strict=True):
                file.write(json.dumps(dict(zip(cells, row, strict=True)), default=str) + "\n")
        for feature in getattr(schema, side):
            if feature.media and not feature.in_table:
                by_id = media_by_id(folder, feature.folder, feature.endings)
                found = [by_id.get(str(one)) for one in cells[ids[side]]]
                _, copied[TABLES[side]] = _with_media(found, folder, aside, media)
                (aside / feature.folder).mkdir(parents=True, exist_ok=True)
            elif not feature.in_table:
                whole = np.load(folder / feature.file, mmap_mode="r", allow_pickle=False)
                np.save(aside / feature.file, whole[table.places[chosen[side]]])
    split = "auto" if settings.split.startswith("column") else settings.split
    clock = _Clock()
    data = prepared.load(
        aside, replace(schema, tables={}), split=split, cold_items=settings.cold_items, progress=clock
    )
    clock("events: the rest", 1, 1)
    shutil.rmtree(aside)
    return Part(data, clock.seconds, {TABLES[s]: len(rows) for s, rows in chosen.items()}, copied)


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


def _with_media(cells: list[Any], folder: Path, aside: Path, most: int) -> tuple[list[Any], int]:
    """The cells with the first media alone, which are copied, and how many they are."""
    kept: list[Any] = []
    for cell in cells:
        media: list[Medium] = []
        if most > 0:
            try:
                media = media_of(cell, folder)
            except (ValueError, OSError):
                media = []
        for medium in media:
            target = (aside / medium.name).resolve()  # below it, as the name is below the data folder
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(ValueError, OSError):  # empty or cut off: preparation will say so
                target.write_bytes(medium.read())
        most -= bool(media)
        kept.append("|".join(medium.name for medium in media) or None)
    return kept, sum(cell is not None for cell in kept)


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
