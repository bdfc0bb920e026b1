"""How long a run will take, and how much disk and memory: an estimate from a small part of the data.

A part of the tables is prepared twice, small and four times as large, and what a stage takes longer for the
larger part is what its further rows will take. Some steps of training are timed, after the first, which
traces the graph; so are an evaluation and a refresh of the cached item vectors. Nothing is left behind.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data import Data
from tfmmrec.data.batches import default_batch_events
from tfmmrec.data.dataset import Features
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.readers import Table, check_folder
from tfmmrec.evaluation import evaluate
from tfmmrec.inspection.overview import TABLES, read_tables
from tfmmrec.inspection.part import Part, prepare_part, users_of
from tfmmrec.models import Recommender
from tfmmrec.recipes.from_settings import build
from tfmmrec.recipes.hearing import Report, Silence
from tfmmrec.recipes.settings import Settings
from tfmmrec.schema import SIDES, Schema, Side
from tfmmrec.training import fit

_ROWS, _MEDIA = 20_000, 256  # of a table, and of its media, that are prepared
_STEPS, _SECONDS = 12, 20.0  # of training that are timed, at most
_COPIES = (
    6  # of the weights: the best model, the last one, and a checkpoint with AdamW's moments and the best
)
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
        disk_bytes: of the run folder, with prepared data, both models and the largest checkpoint, and of
            the decoded media that runs share.
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
        with suppress(ValueError):  # starts TensorFlow; so few rows may have no word of a file of words
            prepare_part(tables, schema, settings, folder, Path(aside, "warm-up"), 200, 2)
        report.line("Preparing a part of the data, at two sizes.")
        small = prepare_part(tables, schema, settings, folder, Path(aside, "small"), most // 4, _MEDIA // 4)
        large = prepare_part(tables, schema, settings, folder, Path(aside, "large"), most, _MEDIA)
    wanted = {stage: _all_rows(stage, schema, tables) for stage in large.seconds}
    preparing = sum(
        _scaled(small, large, stage, wanted[stage]) for stage in large.seconds if "reading" not in stage
    )
    report.line("Timing some steps of training.")
    data = large.data
    model = build(schema.only(**settings.only), data, settings)
    first, step, steps = _time_steps(model, data, settings)
    events = rows["events"] / max(1, large.rows["events"])
    users = max(1.0, len(users_of(tables["event"], schema)[1]) / max(1, len(data.user_ids)))
    items = max(1.0, rows.get("items", len(data.item_ids)) / max(1, len(data.item_ids)))
    steps = max(1, round(steps * max(1.0, events)))
    refresh = _timed(lambda: model.refresh(data.items)) if model.item_vectors.cached else 0.0
    judging = _timed(lambda: evaluate(model, data.validation)) if len(data.validation) else 0.0
    epoch = steps * step + judging * users + refresh * items * (1 + steps // _REFRESH)
    scale = {"item": items, "user": users, "event": events}
    shards = _bytes(data, scale)
    return Estimate(
        rows=rows,
        looked_at=large.rows,
        prepare_seconds=reading + preparing,
        steps=steps,
        step_seconds=step,
        epoch_seconds=epoch,
        train_seconds=first + settings.epochs * epoch,
        parameters=model.count_params(),
        disk_bytes=shards + _bytes(data, scale, media=True) + 4 * _COPIES * model.count_params(),
        memory_bytes=_peak() + shards - _bytes(data, dict.fromkeys(SIDES, 1.0)),
    )


def _is_media(stage: str, schema: Schema) -> bool:
    table, _, name = stage.partition(": ")
    side = next((side for side in SIDES if TABLES[side] == table), None)
    return side is not None and any(f.media and f.name == name for f in getattr(schema, side))


def _all_rows(stage: str, schema: Schema, tables: dict[Side, Table]) -> tuple[int, bool]:
    """What a stage will work through in the whole data, and whether it is media."""
    media = _is_media(stage, schema)
    sizes = {TABLES[side]: len(table) for side, table in tables.items()}
    return sizes.get(stage.partition(":")[0], sizes["events"]), media


def _scaled(small: Part, large: Part, stage: str, wanted: tuple[int, bool]) -> float:
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


def _bytes(data: Data, scale: dict[Any, float], media: bool = False) -> int:
    """Bytes of the prepared arrays, each side's scaled; with `media` of those of media alone."""
    events = data.events
    features: dict[Side, Features] = {"item": data.items, "user": data.users, "event": events.features}
    kinds = {side: {one.name: one.media for one in data.schema.features(side)} for side in SIDES}
    arrays = {
        side: [
            part
            for name in features[side]
            if kinds[side][name] or not media
            for part in features[side][name].values()
        ]
        for side in SIDES
    }
    if not media:
        arrays["event"] += [events.item, events.time, events.split, *events.labels.values()]
        arrays["event"] += [*events.weights.values()]
    return int(sum(scale[side] * part.nbytes for side, parts in arrays.items() for part in parts))


def _peak() -> int:
    """Bytes of memory this process held at the highest."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
