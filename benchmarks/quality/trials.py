"""The training of a row: its choices are made on validation, and it goes on where it was interrupted."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.beginning import Beginning
from benchmarks.quality.table import Row, Table
from tfmmrec.baselines.choice import combinations
from tfmmrec.data.dataset import Data
from tfmmrec.metrics.direction import lower_is_better
from tfmmrec.models import Recommender, build_recommender
from tfmmrec.schema import Schema
from tfmmrec.training import Run, best_epoch, default_monitor, fit
from tfmmrec.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class Trial:
    """A trained model.

    Attributes:
        model: with the weights that were best on validation.
        settings: that were chosen for it.
        epoch: the best, from 1.
        value: of the measure that decides, there; the higher the better.
        seconds: that the training took, with what it began with, over all interruptions.
    """

    model: Recommender
    settings: dict[str, Any]
    epoch: int
    value: float
    seconds: float


def train(
    table: Table, row: Row, data: Data, seed: int, folder: Path, kept: Path, settings: Any = None
) -> tuple[Trial, float]:
    """Trains a row with every combination of settings; the best on validation, and all the seconds spent.

    Args:
        table, row: what to train.
        data: the prepared data, with the table's schema; test events are not read.
        seed: of the weights and of the training.
        folder: a run's folder for every combination of settings is made in it.
        kept: where all tables' trainings stand, as that of a row that this one begins with.
        settings: take these instead of choosing.
    """
    assert row.twin is not None
    twin = row.twin(data.schema)
    model = {**table.model, **row.model}
    if table.same_size and row.name != table.rows[0].name:
        first = table.rows[0]
        assert first.twin is not None
        goal = size(first.twin(data.schema), data, {**table.model, **first.model})
        model["width"] = width_of_size(goal, twin, data, model)
    grid: Mapping[str, Sequence[Any]] = {**table.grid, **row.grid}
    tries = [settings] if settings is not None else combinations(grid)
    best: Trial | None = None
    seconds = 0.0
    for one in tries:
        training = {**table.training, **row.training, **one}
        name = "_".join(f"{setting}={value}" for setting, value in one.items()) or "trial"
        trial = attempt(twin, data, model, training, one, seed, folder / name, row.beginning, kept)
        seconds += trial.seconds
        print(f"{row.name}, {name}: {trial.value:.4f} in epoch {trial.epoch}", flush=True)
        if best is None or trial.value > best.value:
            best = trial
    assert best is not None
    return best, seconds


def train_on_validation(
    table: Table, row: Row, data: Data, seed: int, folder: Path, kept: Path, chosen: dict[str, Any]
) -> Trial:
    """Trains a row on the validation events, too, as the record of another row was trained.

    The learning rate runs as if training were to go on, and training stops after as many epochs as were best
    there.
    """
    assert row.twin is not None
    training = {**table.training, **row.training, **chosen["settings"], "stop": chosen["best_epoch"]}
    model = {**table.model, **row.model, "width": chosen["width"]}
    schema, place, settings = row.twin(data.schema), folder / "refit", chosen["settings"]
    return attempt(schema, data, model, training, settings, seed, place, row.beginning, kept)


def attempt(
    schema: Schema,
    data: Data,
    model_settings: Mapping[str, Any],
    training: Mapping[str, Any],
    settings: Mapping[str, Any],
    seed: int,
    folder: Path,
    beginning: Beginning | None,
    kept: Path,
) -> Trial:
    """Trains one model in a run's folder, or reads what stands there if it is of the same settings."""
    config = {"model": dict(model_settings), "training": dict(training), "seed": seed}
    if beginning is not None:
        config["beginning"] = asdict(beginning)
    run = Run(folder)
    if run.other_settings(config, schema):
        shutil.rmtree(folder)
        run = Run(folder)
    if (folder / "model.keras").is_file():  # the last that a training writes
        model, curves = run.load_model(), run.read("curves")
    else:
        model = build_recommender(schema, data.vocabulary, seed=seed, **model_settings)
        monitor = training.get("monitor") or default_monitor(model)
        run.begin(schema, data, config)
        if beginning is not None and Checkpoint(run.checkpoint).note() is None:
            beginning.give(model, data, seed, run, kept)
        stop = training.get("stop")
        given = {name: value for name, value in training.items() if name != "stop"}

        def on_epoch(record: dict[str, float]) -> None:
            told = ("epoch", "seconds", "loss", f"validation {monitor}")
            print({name: round(record[name], 4) for name in told if name in record}, flush=True)
            if stop is not None and record["epoch"] >= stop:
                model.stop_training = True

        curves = fit(
            model,
            data.train,
            data.validation if stop is None else None,
            seed=seed,
            run=run,
            checkpoint=run.checkpoint,
            on_epoch=on_epoch,
            **given,
        )
    monitor = training.get("monitor") or default_monitor(model)
    epoch = best_epoch(curves, monitor)
    value = next((r[f"validation {monitor}"] for r in curves if r["epoch"] == epoch), float("nan"))
    if lower_is_better(monitor):
        value = -value
    pretrained = run.read("pretraining") if beginning is not None and beginning.pretrain else []
    seconds = sum(record["seconds"] for record in (*pretrained, *curves))
    return Trial(model, dict(settings), epoch or len(curves), value, seconds)


def size(schema: Schema, data: Data, settings: Mapping[str, Any]) -> int:
    """How many parameters a model has that are trained."""
    model = build_recommender(schema, data.vocabulary, seed=0, **settings)
    return int(sum(np.prod(variable.shape) for variable in model.trainable_variables))


def width_of_size(goal: int, schema: Schema, data: Data, settings: Mapping[str, Any]) -> int:
    """The width, a multiple of the heads and of 8, whose model has nearest to so many parameters."""
    step = int(np.lcm(8, schema.history.heads))
    sizes: dict[int, int] = {}

    def of(steps: int) -> int:
        if steps not in sizes:
            sizes[steps] = size(schema, data, {**settings, "width": steps * step})
        return sizes[steps]

    low, high = 1, 2
    while of(high) < goal:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if of(middle) < goal else (low, middle)
    return step * min((low, high), key=lambda steps: abs(of(steps) - goal))
