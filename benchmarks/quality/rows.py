"""Measuring one row of a table, keeping it, and comparing rows over the same users."""

from __future__ import annotations

import json
import os
import re
import resource
import time
from collections.abc import Callable, Collection
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.quality.peers.peer import MissingPeerError
from benchmarks.quality.table import Reading, Row, Table
from benchmarks.quality.trials import train, train_on_validation
from benchmarks.speed.results import commit, hardware
from tfmmrec.aside import file_aside
from tfmmrec.baselines import choose
from tfmmrec.data import load
from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import (
    Difference,
    Results,
    evaluate,
    interval,
    paired_difference,
    paired_statistic,
)
from tfmmrec.evaluation.evaluate import Answers
from tfmmrec.metrics import accuracy, auc, macro_f1, mae, rmse
from tfmmrec.schema import Schema

RESULTS = Path(__file__).parent.parent / "results"
KEPT = Path("runs") / "benchmarks"

NUMBERS: dict[str, Callable[..., float]] = {"auc": auc, "mae": mae, "rmse": rmse}  # of a number an event
CLASSES: dict[str, Callable[..., float]] = {"accuracy": accuracy, "macro_f1": macro_f1}  # of one of many
STATISTICS = NUMBERS | CLASSES
# answers whose value is the same in every resample, and that value: against them a difference is a value
CERTAIN: dict[str, Callable[[np.ndarray], tuple[np.ndarray, float]]] = {
    "auc": lambda labels: (np.zeros(len(labels)), 0.5),  # one score for all: every pair is a tie
    "mae": lambda labels: (labels, 0.0),
    "rmse": lambda labels: (labels, 0.0),
    "accuracy": lambda labels: (labels, 1.0),
    "macro_f1": lambda labels: (labels, 1.0),
}


def run_missing(table: Table, seed: int) -> None:
    """Runs every row that has no results of this seed, but for peers that there is no environment for."""
    there = {record["model"] for record in read_rows(table) if record["seeds"] == [seed]}
    for row in table.rows:
        if row.name not in there:
            print(f"{table.name}: {row.name}", flush=True)
            try:
                run_row(table, row, seed)
            except MissingPeerError as error:
                print(f"{table.name}: {row.name} is left out. {error}")


def run_row(table: Table, row: Row, seed: int) -> None:
    """Trains a row or chooses its settings, evaluates it once on test, and adds it to the results."""
    measured = measure(table, row, seed, KEPT / table.name)
    records = [record for record, _ in measured]
    for record, results in measured:
        _write_answers(table, record["model"], seed, results)
    names = {record["model"] for record in records}
    rows = [r for r in read_rows(table) if not (r["model"] in names and r["seeds"] == [seed])]
    there = names | {one["model"] for one in rows}
    compared = [one for one in table.rows if reference(table, there, one) == row.name]
    was = {one.name + said(reading) for one in compared for reading in table.readings}
    for one in rows:
        if one["model"] in was:  # what stands there is the difference to another one
            one.pop("first_minus_this", None)
    order = [row.name + said(reading) for row in table.rows for reading in table.readings]
    write_rows(table, sorted([*rows, *records], key=lambda r: (order.index(r["model"]), r["seeds"])))


def measure(table: Table, row: Row, seed: int, kept: Path) -> list[tuple[dict[str, Any], Results]]:
    """A row's record and results of each reading of the test; what was trained for them stays in `kept`."""
    data = prepared(table, row)
    begun, place = time.monotonic(), kept / f"{slug(row.name)}-{seed}"
    found: dict[str, Any] = {}
    features = [] if row.twin is None else [one.name for one in row.twin(data.schema).features("item")]
    model: Any
    if row.baseline is not None:
        shared = table.training.get("monitor", "")
        monitor = row.training.get("monitor") or (shared if "@" in shared else "ndcg@10")
        choice = choose(row.baseline, data, row.grid, monitor)
        model, found["settings"] = choice.baseline, choice.settings
        found["seconds"] = time.monotonic() - begun
    else:
        if row.refit:
            chosen = recorded(table, row.refit, seed)
            data = data.with_validation()
            trial = train_on_validation(table, row, data, seed, place, KEPT, chosen)
            seconds = trial.seconds
        else:
            chosen = recorded(table, row.name, 0)["settings"] if seed else None
            trial, seconds = train(table, row, data, seed, place, KEPT, chosen)
        model, found["settings"], found["width"] = trial.model, trial.settings, trial.model.width
        found["best_epoch"], found["seconds"] = trial.epoch, seconds
        found["recipe"] = {
            "model": {**table.model, **row.model, "width": trial.model.width},
            "training": {**table.training, **row.training, **trial.settings},
        }
        found["parameters"] = int(sum(np.prod(v.shape) for v in model.trainable_variables))
    measured = []
    for reading in table.readings:
        if reading.feature not in ("", *features):
            continue
        begun = time.monotonic()
        read = reading.change(data)
        settings = {**table.evaluation, **reading.evaluation}
        if reading.candidates is not None:
            settings["candidates"] = reading.candidates(read, source_folder())
        results = evaluate(model, getattr(read, reading.split), **settings)
        record = {
            "dataset": table.dataset,
            "split_sha256": data.split_sha256,
            "protocol": results.protocol,
            "model": row.name + said(reading),
            "metrics": _metrics(results),
            "seeds": [seed],
            **found,
            "seconds": round(found["seconds"] + time.monotonic() - begun),
            "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "hardware": hardware(),
            "command": f'python -m benchmarks.quality {table.name} --row "{row.name}" --seed {seed}',
            "git_commit": commit(),
        }
        measured.append((record, results))
    return measured


def prepared(table: Table, row: Row) -> Data:
    """The table's data, in the split that the row is about.

    Raises:
        ValueError: it is another split.
    """
    folder = table.prepare(str(source_folder()), KEPT / table.name / "data")
    schema = table.schema(Schema.from_toml(folder / "schema.toml"))
    place = KEPT / table.name / (f"prepared-{slug(row.name)}" if row.load else "prepared")
    data = load(folder, schema, prepared=place, **{**table.load, **row.load})
    pinned = row.split_sha256 if row.load else table.split_sha256
    if pinned not in ("", data.split_sha256):
        raise ValueError(
            f"Table {table.name!r} is about the split {pinned}, and the data are split as "
            f"{data.split_sha256}: other source files, or a change of the split."
        )
    return data


def source_folder() -> Path:
    """The data folder of the benchmarks."""
    if not (source := os.environ.get("TFMMREC_DATA")):
        raise SystemExit("Set TFMMREC_DATA to the folder of the benchmark data sets.")
    return Path(source)


def recorded(table: Table, name: str, seed: int) -> dict[str, Any]:
    """The record of a row that another one goes by.

    Raises:
        ValueError: it is not there.
    """
    for record in read_rows(table):
        if record["model"] == name and record["seeds"] == [seed]:
            return record
    raise ValueError(
        f"What row {name!r} chose with seed {seed} is needed: run "
        f'`python -m benchmarks.quality {table.name} --row "{name}" --seed {seed}` first.'
    )


def reference(table: Table, names: Collection[str], row: Row) -> str:
    """What a row is compared with: the first of its split that there are results of; "" without any.

    Args:
        table: its rows stand in their order.
        names: of the rows, and of their readings, that there are results of.
        row: of the table.
    """
    return next((one.name for one in table.rows if one.name in names and one.load == row.load), "")


def compare(table: Table) -> None:
    """Adds to every row the paired difference of the first row of its split to it, over the same users.

    A reading is compared with the first row's, read likewise; of several seeds of the first row it is the
    mean over them, of the difference and of the ends of its interval. Rows whose answers are not there are
    not compared: they keep what they have.
    """
    records = read_rows(table)
    there = {record["model"] for record in records}
    likewise = {
        row.name + said(one): reference(table, there, row) + said(one)
        for row in table.rows
        for one in table.readings
    }
    answers = {
        name: [kept_answers(table, name, *record["seeds"]) for record in records if record["model"] == name]
        for name in set(likewise.values())
    }
    for record in records:
        against = likewise[record["model"]]
        if against == record["model"]:
            record["first_minus_this"] = {}
            continue
        firsts, other = answers[against], kept_answers(table, record["model"], *record["seeds"])
        if not other or not firsts or not all(firsts):
            print(f"{record['model']}: not compared, its answers or those of {against!r} are not there.")
            continue
        gaps = {metric: [_gap(one, other, metric) for one in firsts] for metric in table.columns}
        record["first_minus_this"] = {
            metric: _bounds(*found) for metric, found in gaps.items() if None not in found
        }
    write_rows(table, records)


def _gap(first: dict[str, np.ndarray], other: dict[str, np.ndarray], metric: str) -> Difference | None:
    """How much greater a measure is with the first answers; None where both do not have it of the same."""
    if not np.array_equal(first["users"], other["users"]):
        return None
    if metric in first and metric in other:
        return paired_difference(first[metric], other[metric])
    task, _, name = metric.partition(".")
    answers = f"{task}.predictions"
    if name not in STATISTICS or answers not in first or answers not in other:
        return None
    users, labels = first[f"{task}.users"], first[f"{task}.labels"]
    return paired_statistic(STATISTICS[name], users, first[answers], other[answers], labels)


def read_rows(table: Table) -> list[dict[str, Any]]:
    """The table's results so far."""
    path = RESULTS / f"{table.name}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else []


def write_rows(table: Table, rows: list[dict[str, Any]]) -> None:
    """Writes the table's results aside and renames them."""
    with file_aside(RESULTS / f"{table.name}.json") as aside:
        aside.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _metrics(results: Results) -> dict[str, dict[str, float]]:
    metrics: dict[str, dict[str, float]] = {}
    for name, value in results.metrics.items():
        metrics[name] = {"mean": round(value, 5)}
        if name in results.per_query:
            metrics[name] = _bounds(interval(results.per_query[name]))
    for task, answers in results.answers.items():
        for name, statistic in (NUMBERS if answers.predictions.ndim == 1 else CLASSES).items():
            if f"{task}.{name}" in metrics:
                certain, value = CERTAIN[name](answers.labels)
                gap = paired_statistic(statistic, answers.users, _of_event(answers), certain, answers.labels)
                metrics[f"{task}.{name}"] |= {
                    "low": round(gap.low + value, 5),
                    "high": round(gap.high + value, 5),
                }
    return metrics


def _of_event(answers: Answers) -> np.ndarray:
    """A prediction per event: the number, or of many classes the likeliest."""
    return answers.predictions if answers.predictions.ndim == 1 else answers.predictions.argmax(axis=-1)


def _write_answers(table: Table, name: str, seed: int, results: Results) -> None:
    """Keeps what the table's columns are made of, beside the results: rows of other days are compared so."""
    arrays = {"users": results.users}
    for metric in table.columns:
        task = metric.partition(".")[0]
        if metric in results.per_query:
            arrays[metric] = results.per_query[metric].astype("float32")
        elif task in results.answers:
            answers = results.answers[task]
            arrays[f"{task}.users"], arrays[f"{task}.labels"] = answers.users, answers.labels
            arrays[f"{task}.predictions"] = _of_event(answers)
    path = _answers(table, name, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_aside(path) as aside:
        np.savez_compressed(aside, **arrays)


def kept_answers(table: Table, name: str, seed: int) -> dict[str, np.ndarray]:
    """See `_write_answers`; nothing where there are none."""
    path = _answers(table, name, seed)
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _answers(table: Table, name: str, seed: int) -> Path:
    return RESULTS / "answers" / table.name / f"{slug(name)}-{seed}.npz"


def _bounds(*found: Any) -> dict[str, float]:
    """Value and ends of an interval; of several the means."""
    return {end: round(fmean(getattr(one, end) for one in found), 5) for end in ("mean", "low", "high")}


def said(reading: Reading) -> str:
    """What a reading adds to the name of a row."""
    return f", {reading.name}" if reading.name else ""


def slug(name: str) -> str:
    """A name for a folder."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
