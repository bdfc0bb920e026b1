"""How long a run will take, and how much disk and memory: an estimate from a small part of the data.

A part of the tables is prepared twice, small and four times as large, and what a stage takes longer for the
larger part is what its further rows will take. Some steps of training are timed, after the first, which
traces the graph; so are an evaluation and a refresh of the cached item vectors. Nothing is left behind.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
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
from tfmmrec.data.batches import default_batch_events
from tfmmrec.data.cells import number_ids
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.readers import Table, check_folder
from tfmmrec.evaluation import evaluate
from tfmmrec.inspection.overview import TABLES, read_tables
from tfmmrec.modalities.media import Medium, media_by_id, media_of
from tfmmrec.models import Recommender
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.training_run import Report, Silence, build
from tfmmrec.schema import SIDES, Schema, Side
from tfmmrec.training import fit

_ROWS, _MEDIA = 20_000, 256  # of a table, and of its media, that are prepared
_STEPS, _SECONDS = 12, 20.0  # of training that are timed, at most
_REFRESH = 50  # steps between two refreshes of cached vectors, as in `fit`

HOW = (
    "An estimate: a part of the data is prepared at two sizes and the difference scaled to all rows; some "
    "steps of training, an evaluation and a refresh are timed. Early stopping may end a training sooner."
)


@dataclass(frozen=True)
class Estimate:
    """What a run will take, all but `rows` and `parameters` approximate.

    Attributes:
        rows: of each table.
        looked_at: of them, those that were prepared.
        prepare_seconds: to prepare the data, once.
        steps: of one epoch.
        step_seconds: for one step, the median.
        epoch_seconds: for one epoch with its evaluation.
        train_seconds: for all epochs, and for tracing the first step.
        parameters: of the model, as it is for the part that was looked at.
        disk_bytes: of the run folder: prepared data and model.
        memory_bytes: at the highest.
        how: how all this came about.
    """

    rows: dict[str, int]
    looked_at: dict[str, int]
    prepare_seconds: float
    steps: int
    step_seconds: float
    epoch_seconds: float
    train_seconds: float
    parameters: int
    disk_bytes: int
    memory_bytes: int
    how: str = HOW


def estimate(
    folder: str | Path, schema: Schema, settings: Settings | None = None, report: Report | None = None
) -> Estimate:
    """Measures on a part of the data and scales to all of it.

    Args:
        folder: the data.
        schema: what the columns are.
        settings: of the training that is planned.
        report: is told how things go.

    Raises:
        ValueError: of `load`, `build_recommender` and `fit`: what the run itself would say.
    """
    folder, settings, report = check_folder(folder), settings or Settings(), report or Silence()
    began = time.perf_counter()
    tables = read_tables(folder, schema, DeadLetters(), report)
    reading = time.perf_counter() - began
    rows = {TABLES[side]: len(table) for side, table in tables.items()}
    most = max(_ROWS, 8 * (settings.batch_events or default_batch_events(schema)))
    with tempfile.TemporaryDirectory(prefix="tfmmrec-") as aside:
        _prepare(tables, schema, settings, folder, Path(aside, "warm-up"), 200, 2)  # starts TensorFlow
        report.line("Preparing a part of the data, at two sizes.")
        small = _prepare(tables, schema, settings, folder, Path(aside, "small"), most // 4, _MEDIA // 4)
        large = _prepare(tables, schema, settings, folder, Path(aside, "large"), most, _MEDIA)
    wanted = {stage: _all_rows(stage, schema, tables) for stage in large.seconds}
    preparing = sum(
        _scaled(small, large, stage, wanted[stage]) for stage in large.seconds if "reading" not in stage
    )
    report.line("Timing some steps of training.")
    data = large.data
    model = build(schema.only(**settings.only), data, settings)
    first, step, steps = _time_steps(model, data, settings)
    events = rows["events"] / max(1, large.rows["events"])
    users = max(1.0, len(_users(tables["event"], schema)[1]) / max(1, len(data.user_ids)))
    items = max(1.0, rows.get("items", len(data.item_ids)) / max(1, len(data.item_ids)))
    steps = max(1, round(steps * max(1.0, events)))
    refresh = _timed(lambda: model.refresh(data.items)) if model.item_vectors.cached else 0.0
    judging = _timed(lambda: evaluate(model, data.validation)) if len(data.validation) else 0.0
    epoch = steps * step + judging * users + refresh * items * (1 + steps // _REFRESH)
    shards = _bytes(data, {"item": items, "user": users, "event": events})
    return Estimate(
        rows=rows,
        looked_at=large.rows,
        prepare_seconds=reading + preparing,
        steps=steps,
        step_seconds=step,
        epoch_seconds=epoch,
        train_seconds=first + settings.epochs * epoch,
        parameters=model.count_params(),
        disk_bytes=shards + 4 * model.count_params(),
        memory_bytes=_peak() + shards - _bytes(data, dict.fromkeys(SIDES, 1.0)),
    )


@dataclass(frozen=True)
class _Prepared:
    """A part of the data, prepared: seconds by stage, rows by table, media by table."""

    data: Data
    seconds: Counter[str]
    rows: dict[str, int]
    media: dict[str, int]

    def size(self, stage: str, media: bool) -> int:
        """What a stage worked through."""
        table = stage.partition(":")[0]
        return self.media.get(table, 0) if media else self.rows.get(table, self.rows["events"])


def _prepare(
    tables: dict[Side, Table],
    schema: Schema,
    settings: Settings,
    folder: Path,
    aside: Path,
    most: int,
    media: int,
) -> _Prepared:
    """Writes a part of the tables, with a part of their media, and prepares it."""
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
    return _Prepared(data, clock.seconds, {TABLES[s]: len(rows) for s, rows in chosen.items()}, copied)


def _of_whole_users(events: Table, schema: Schema, most: int) -> np.ndarray:
    """About `most` rows of events: all of some users, drawn at random, so that histories stay whole."""
    if len(events) <= most:
        return np.arange(len(events))
    numbers, ids = _users(events, schema)
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


class _Clock:
    """Progress of a preparation as seconds by stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._last = time.perf_counter()

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.perf_counter()
        self.seconds[stage] += now - self._last  # type: ignore[assignment]
        self._last = now


def _is_media(stage: str, schema: Schema) -> bool:
    table, _, name = stage.partition(": ")
    side = next((side for side in SIDES if TABLES[side] == table), None)
    return side is not None and any(f.media and f.name == name for f in getattr(schema, side))


def _all_rows(stage: str, schema: Schema, tables: dict[Side, Table]) -> tuple[int, bool]:
    """What a stage will work through in the whole data, and whether it is media."""
    media = _is_media(stage, schema)
    sizes = {TABLES[side]: len(table) for side, table in tables.items()}
    return sizes.get(stage.partition(":")[0], sizes["events"]), media


def _scaled(small: _Prepared, large: _Prepared, stage: str, wanted: tuple[int, bool]) -> float:
    """Seconds of a stage for all rows: what it took, and for each further row what further rows took."""
    rows, media = wanted
    had, more = large.size(stage, media), large.size(stage, media) - small.size(stage, media)
    slope = (large.seconds[stage] - small.seconds[stage]) / more if more else 0.0
    return large.seconds[stage] + max(0.0, slope) * max(0, rows - had)


class _Enough(Exception):  # noqa: N818  no error
    """Enough steps were timed."""


def _time_steps(model: Recommender, data: Data, settings: Settings) -> tuple[float, float, int]:
    """Seconds of the first step and of a further one (the median), and the steps of an epoch."""
    times, steps = [time.perf_counter()], 1

    def on_step(epoch: int, step: int, of: int, loss: float) -> None:
        nonlocal steps
        times.append(time.perf_counter())
        steps = of
        if len(times) > _STEPS or (len(times) > 3 and times[-1] - times[1] > _SECONDS):
            raise _Enough

    with suppress(_Enough):
        fit(
            model,
            data.train,
            epochs=_STEPS,
            batch_events=settings.batch_events,
            encode_items=settings.encode_items,
            seed=settings.seed,
            jit_compile=settings.jit,
            on_step=on_step,
        )
    seconds = np.diff(times)
    return float(seconds[0]), float(np.median(seconds[1:] if len(seconds) > 1 else seconds)), steps


def _timed(work: Any) -> float:
    """Seconds of a second go; the first may trace a graph."""
    work()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _users(events: Table, schema: Schema) -> tuple[np.ndarray, Sequence[Any]]:
    """The number of each event's user, and the users; without users every event is one."""
    if schema.user_id:
        return number_ids(events.columns[schema.user_id])
    return np.arange(len(events)), range(len(events))


def _bytes(data: Data, scale: dict[Any, float]) -> int:
    """Bytes of the prepared arrays, each side's scaled."""
    events = data.events
    arrays: dict[str, list[np.ndarray]] = {
        "item": [part for parts in data.items.values() for part in parts.values()],
        "user": [part for parts in data.users.values() for part in parts.values()],
        "event": [part for parts in events.features.values() for part in parts.values()],
    }
    arrays["event"] += [events.item, events.time, events.split, *events.labels.values()]
    arrays["event"] += [*events.weights.values()]
    return int(sum(scale[side] * part.nbytes for side, parts in arrays.items() for part in parts))


def _peak() -> int:
    """Bytes of memory this process held at the highest."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
