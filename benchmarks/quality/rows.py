"""Training one row of a table, keeping it, and comparing rows over the same users."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.baselines import choose
from tfmmrec.data import load
from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Results, Scorer, evaluate, interval, paired_difference, paired_statistic
from tfmmrec.metrics import auc, rmse
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.training import Run, best_epoch, default_monitor, fit

RESULTS = Path(__file__).parent.parent / "results"
KEPT = Path("runs") / "benchmarks"

PER_USER = ("ndcg@10", "recall@10", "recall@20")
STATISTICS = {"auc": auc, "rmse": rmse}
CERTAIN = {
    "auc": lambda labels: (np.zeros(len(labels)), 0.5),  # one score for all: every pair is a tie
    "rmse": lambda labels: (labels, 0.0),
}


@dataclass(frozen=True)
class Row:
    """One row of a table: a model trained with a schema, or a baseline that needs no training.

    Attributes:
        name: of the row.
        twin: the table's schema → the row's; None for a baseline.
        baseline: data and settings → something that scores.
        grid: setting of the baseline → values to choose from on validation; see `tfmmrec.baselines.choose`.
    """

    name: str
    twin: Callable[[Schema], Schema] | None = None
    baseline: Callable[..., Scorer] | None = None
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.twin is None) == (self.baseline is None):
            raise ValueError(f"Row {self.name!r} must have either a twin, to be trained, or a baseline.")


@dataclass(frozen=True)
class Table:
    """A table: a data set, a protocol and rows.

    Attributes:
        name: of the table and of its file of results.
        dataset: in words.
        prepare: data folder of the benchmarks and a folder to write to → a user's data folder.
        rows: the first is what the others are compared with.
        model: settings of `build_recommender`, the same for every row.
        training: settings of `fit`, the same for every row. A baseline is chosen by the measure that ends
            training, where that is of a ranking, else by ndcg@10.
        evaluation: settings of `evaluate`, the same for every row.
    """

    name: str
    dataset: str
    prepare: Callable[[str, Path], Path]
    rows: tuple[Row, ...]
    model: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)


def run_row(table: Table, row: Row, seed: int) -> None:
    """Trains a row or chooses its settings, evaluates it once on test, and adds it to the results."""
    source = os.environ.get("TFMMREC_DATA")
    if not source:
        raise SystemExit("Set TFMMREC_DATA to the folder of the benchmark data sets.")
    folder = table.prepare(source, KEPT / table.name / "data")
    schema = Schema.from_toml(folder / "schema.toml")
    data = load(folder, schema, prepared=KEPT / table.name / "prepared")
    begun = time.monotonic()
    kept = KEPT / table.name / f"{row.name.replace(' ', '-')}-{seed}"
    record: dict[str, Any] = {}
    if row.baseline is not None:
        monitor = table.training.get("monitor") or ""
        choice = choose(row.baseline, data, row.grid, monitor if "@" in monitor else "ndcg@10")
        record["settings"] = choice.settings
        results = evaluate(choice.baseline, data.test, **table.evaluation)
    else:
        assert row.twin is not None
        twin = row.twin(schema)
        model = build_recommender(twin, data.vocabulary, seed=seed, **table.model)
        run = Run(kept)
        run.begin(twin, data, {"model": table.model, "training": table.training, "seed": seed})
        curves = fit(model, data.train, data.validation, seed=seed, run=run, on_epoch=_tell, **table.training)
        record["parameters"] = int(sum(np.prod(v.shape) for v in model.trainable_variables))
        record["best_epoch"] = best_epoch(curves, default_monitor(model))
        results = evaluate(model, data.test, **table.evaluation)
    seconds = time.monotonic() - begun
    _keep(kept, results)
    record |= {
        "dataset": table.dataset,
        "split_sha256": data.split_sha256,
        "protocol": results.protocol,
        "model": row.name,
        "metrics": _metrics(results, data),
        "seeds": [seed],
        "seconds": round(seconds),
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "hardware": f"{os.cpu_count()} cores, {platform.machine()}",
        "command": f'python -m benchmarks.quality {table.name} --row "{row.name}" --seed {seed}',
        "git_commit": _commit(),
    }
    rows = read_rows(table)
    rows = [r for r in rows if not (r["model"] == row.name and r["seeds"] == [seed])] + [record]
    order = [r.name for r in table.rows]
    write_rows(table, sorted(rows, key=lambda r: (order.index(r["model"]), r["seeds"])))


def compare(table: Table, seed: int) -> None:
    """Adds to every row its paired difference to the first row, over the same users."""
    rows = read_rows(table)
    first = _kept(table, table.rows[0].name, seed)
    for record in rows:
        other = _kept(table, record["model"], seed)
        record["first_minus_this"] = {}
        if record["model"] == table.rows[0].name:
            continue
        for metric in PER_USER:
            if metric in first and metric in other:
                gap = paired_difference(first[metric], other[metric])
                record["first_minus_this"][metric] = _bounds(gap)
        for key in first:
            task, _, kind = key.partition(".")
            if kind != "predictions" or key not in other:
                continue
            for name, statistic in STATISTICS.items():
                if f"{task}.{name}" not in record["metrics"]:
                    continue
                gap = paired_statistic(
                    statistic, first[f"{task}.users"], first[key], other[key], first[f"{task}.labels"]
                )
                record["first_minus_this"][f"{task}.{name}"] = _bounds(gap)
    write_rows(table, rows)


def read_rows(table: Table) -> list[dict[str, Any]]:
    """The table's results so far."""
    path = RESULTS / f"{table.name}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else []


def write_rows(table: Table, rows: list[dict[str, Any]]) -> None:
    """Writes the table's results aside and renames them."""
    path = RESULTS / f"{table.name}.json"
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
    os.replace(aside, path)


def _metrics(results: Results, data: Data) -> dict[str, dict[str, float]]:
    metrics: dict[str, dict[str, float]] = {}
    for name, value in results.metrics.items():
        metrics[name] = {"mean": round(value, 5)}
        if name in results.per_query:
            metrics[name] = _bounds(interval(results.per_query[name]))
    for task, answers in results.answers.items():
        for name, statistic in STATISTICS.items():
            if f"{task}.{name}" in metrics:
                # against answers of the same value in every resample the interval is the metric's own
                certain, value = CERTAIN[name](answers.labels)
                gap = paired_statistic(statistic, answers.users, answers.predictions, certain, answers.labels)
                metrics[f"{task}.{name}"] |= {
                    "low": round(gap.low + value, 5),
                    "high": round(gap.high + value, 5),
                }
    return metrics


def _keep(folder: Path, results: Results) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {name: results.per_query[name] for name in PER_USER if name in results.per_query}
    for task, answers in results.answers.items():
        arrays[f"{task}.users"], arrays[f"{task}.labels"] = answers.users, answers.labels
        arrays[f"{task}.predictions"] = answers.predictions
    np.savez(folder / "per_user.npz", **arrays)


def _kept(table: Table, name: str, seed: int) -> dict[str, np.ndarray]:
    path = KEPT / table.name / f"{name.replace(' ', '-')}-{seed}" / "per_user.npz"
    if not path.is_file():
        raise SystemExit(f"Row {name!r} has no kept answers for seed {seed}: run it first.")
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def _bounds(found: Any) -> dict[str, float]:
    return {"mean": round(found.mean, 5), "low": round(found.low, 5), "high": round(found.high, 5)}


def _tell(record: dict[str, float]) -> None:
    shown = (
        "epoch",
        "seconds",
        "loss",
        "validation ndcg@10",
        "validation like.auc",
        "validation rating.rmse",
    )
    print({name: round(record[name], 4) for name in shown if name in record}, flush=True)


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip() or "unknown"
