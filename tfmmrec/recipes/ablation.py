"""Many trainings that differ in what was varied: run one by one, ranked, with what each of them cost."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tfmmrec.aside import file_aside
from tfmmrec.metrics.direction import lower_is_better
from tfmmrec.recipes.comparison import Runs, compared, in_order
from tfmmrec.recipes.hearing import Report, Silence
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.trial import DONE, Trial, check_folder_of_trials
from tfmmrec.recipes.trial_process import prepare, run_trial
from tfmmrec.recipes.variations import Choice, canonical, chosen_by
from tfmmrec.report import Ranked, draw_costs, ranking_markdown
from tfmmrec.schema import Schema
from tfmmrec.training import Run, default_monitor
from tfmmrec.training.monitor import with_monitored

BASE = "base"

_OWN = ("state", "reason", "epoch", "epochs", "seconds", "parameters", "peak_memory_mb")


@dataclass(frozen=True)
class Variant:
    """One of the models that are compared.

    Attributes:
        name: what it differs in.
        values: what was varied: setting → value.
        settings: of its trainings, but for the seed.
    """

    name: str
    values: dict[str, str]
    settings: Settings


@dataclass(frozen=True)
class Ablation:
    """What came of all.

    Attributes:
        metric: that the models are ranked by.
        ranked: from the best to the worst, those without numbers last.
        reference: the name of the one that the others are compared with.
        runs: by variant and seed, every training and what came of it.
    """

    metric: str
    ranked: list[Ranked]
    reference: str
    runs: Runs


def variants(
    base: Settings, choices: Mapping[str, Sequence[Choice]], one_at_a_time: bool = False
) -> list[Variant]:
    """The models of an ablation, each once: every combination of the choices, or each choice alone.

    Args:
        base: the settings that are changed; it comes first where `one_at_a_time`.
        choices: by setting.
        one_at_a_time: vary one setting from the base, and leave the others as they are there.
    """
    usual = {name: chosen_by(name, base) for name in choices}
    found: dict[str, Variant] = {}

    def add(chosen: Sequence[Choice]) -> None:
        settings = base
        for choice in chosen:
            settings = choice.of(settings)
        values = usual | {choice.setting: choice.text for choice in chosen}
        told = {name: text for name, text in values.items() if not one_at_a_time or text != usual[name]}
        name = ", ".join(f"{setting}={text}" for setting, text in told.items()) or BASE
        found.setdefault(json.dumps(asdict(settings), default=float), Variant(name, values, settings))

    if one_at_a_time:
        add(())
        for choice in itertools.chain(*choices.values()):
            add((choice,))
    else:
        for combination in itertools.product(*choices.values()):
            add(combination)
    return list(found.values())


def ablate(
    data: str | Path,
    schema: Schema,
    folder: str | Path,
    base: Settings,
    choices: Mapping[str, Sequence[Choice]],
    one_at_a_time: bool = False,
    seeds: int = 1,
    top: int | None = None,
    metric: str | None = None,
    split: str = "validation",
    retry: bool = False,
    report: Report | None = None,
) -> Ablation:
    """Trains every variant as `tfmmrec train` does, each in a process of its own, and ranks them.

    All train for as many epochs, and so as many steps: none stops early, and each is judged with the weights
    that were best on validation. Called again it goes on where it was interrupted, and what has ended is not
    run again. A training that fails is a row with its reason, and the others go on.

    The folder gets ``runs.csv`` (a row for each training; after each of them), ``ranking.md``,
    ``ranking.json`` and ``costs.png``, and the trainings themselves; see `Trial`.

    Args:
        data: the data folder.
        schema: what its columns are.
        folder: of the ablation.
        base: settings that all have but for what is varied; `patience` is not used.
        choices: what is varied, by setting; see `tfmmrec.recipes.variations.varied`.
        one_at_a_time: see `variants`.
        seeds: so many trainings of each variant, with seeds from the base's on.
        top: only so many of the best, and what all are compared with, get more than the first seed; None:
            all.
        metric: to rank by: that which decides in training, by default.
        split: what is judged. Choices are made on validation: the test is for what was chosen.
        retry: run again what failed.
        report: is told how things go.

    Raises:
        ValueError: the data cannot be prepared, nothing ended with numbers, there is no such metric, or the
            folder is of something else, or in use.
        OSError: the disk is full.
    """
    data, folder, report = Path(data).resolve(), Path(folder), report or Silence()
    base = canonical(base)
    metric = metric or base.monitor or default_monitor(schema.only(**base.only))
    base = replace(base, k=with_monitored(base.k, metric))
    models = variants(base, choices, one_at_a_time)
    best = len(models) if top is None else min(top, len(models))
    check_folder_of_trials(folder)
    with Run(folder).locked():
        session = _Session(data, schema, folder, split, retry, report)
        session.begin(models, base.seed, len(models) + best * (seeds - 1))
        for model in models:
            session.run(model, base.seed, metric)
        order = in_order({one.name: one.values for one in models}, session.runs, metric)
        leaders = {one.name for one in order[:best] if one.estimate is not None}
        if any(one.estimate for one in order):
            leaders.add(_reference(models, base, order))
        session.total = len(models) + len(leaders) * (seeds - 1)
        for model in models:
            for seed in range(base.seed + 1, base.seed + seeds) if model.name in leaders else ():
                session.run(model, seed, metric)
        return _finish(folder, base, models, session.runs, metric)


class _Session:
    """Runs trainings one after the other, and keeps the table of them."""

    def __init__(
        self, data: Path, schema: Schema, folder: Path, split: str, retry: bool, report: Report
    ) -> None:
        self.data, self.folder, self.split, self.retry, self.report = data, folder, split, retry, report
        self.schema = schema.to_dict()
        self.runs: Runs = {}
        self.done = self.total = 0
        self._values: dict[str, dict[str, str]] = {}
        self._prepared: set[Path] = set()

    def begin(self, models: Sequence[Variant], seed: int, total: int) -> None:
        """Counts what ended before, so that it is not taken for speed."""
        before = [self._trial(model, seed) for model in models]
        for trial in before if self.retry else ():
            if trial.outcome is not None and trial.outcome.state != DONE:
                trial.forget()
        self.done, self.total = sum(trial.outcome is not None for trial in before), total
        self.report.line(f"{total} runs, of which {self.done} ended before.")
        self.report("runs", self.done, total)

    def run(self, variant: Variant, seed: int, metric: str) -> None:
        """Trains a variant, or takes what came of it before.

        Raises:
            ValueError: it ended without the metric.
        """
        trial = self._trial(variant, seed)
        outcome = trial.outcome
        if outcome is None:
            if trial.prepared not in self._prepared:
                prepare(trial, self.report)
                self._prepared.add(trial.prepared)
            outcome = run_trial(trial, report=_Inner(self.report, self.done, self.total, trial.label))
            said = f"{outcome.monitor} {outcome.value:.4f}" if outcome.value is not None else outcome.reason
            self.report.line(f"{trial.label}: {outcome.state}, {said}, {outcome.seconds:.1f} s")
            self.done += 1
            self.report("runs", self.done, self.total)
        self._values[variant.name] = variant.values
        self.runs[variant.name, seed] = trial, outcome
        _write_runs(self.folder / "runs.csv", self._values, self.runs)
        if outcome.state == DONE and metric not in outcome.metrics:
            there = ", ".join(sorted(outcome.metrics))
            raise ValueError(f"There is no metric {metric!r} to rank by; there are {there}.")

    def _trial(self, variant: Variant, seed: int) -> Trial:
        settings = replace(variant.settings, seed=seed, patience=variant.settings.epochs)
        label = f"{variant.name} seed={seed}"
        return Trial(self.data, self.schema, self.folder, settings, self.split, label)


class _Inner:
    """What a training tells, beside how many of all are done."""

    def __init__(self, report: Report, done: int, total: int, label: str) -> None:
        self.report, self.done, self.total, self.label = report, done, total, label

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        self.report("runs", self.done, self.total, f"{self.label}: {note or stage}")

    def line(self, text: str) -> None:
        pass


def _finish(folder: Path, base: Settings, models: list[Variant], runs: Runs, metric: str) -> Ablation:
    """Ranks and draws."""
    outcomes = [outcome for _, outcome in runs.values()]
    if not any(outcome.state == DONE for outcome in outcomes):
        raise ValueError(
            f"None of the {len(outcomes)} trainings ended with numbers; the first: {outcomes[0].reason} All "
            f"reasons stand in {folder / 'runs.csv'}."
        )
    order = in_order({one.name: one.values for one in models}, runs, metric)
    reference = _reference(models, base, order)
    ranked = compared(order, reference, runs, metric)
    told = {"metric": metric, "reference": reference, "ranked": [asdict(one) for one in ranked]}
    for name, text in {
        "ranking.md": ranking_markdown(ranked, metric, reference),
        "ranking.json": json.dumps(told, indent=1, ensure_ascii=False) + "\n",
    }.items():
        with file_aside(folder / name) as aside:
            aside.write_text(text, "utf-8")
    draw_costs(ranked, metric, folder / "costs.png", lower_is_better(metric))
    return Ablation(metric, ranked, reference, runs)


def _reference(models: list[Variant], base: Settings, order: Sequence[Ranked]) -> str:
    """What the others are compared with: the base, where it is among them and has numbers, else the best."""
    usual = {one.name for one in models if one.settings == base}
    return next((one.name for one in order if one.name in usual and one.estimate), order[0].name)


def _write_runs(
    path: Path,
    values: Mapping[str, Mapping[str, str]],
    runs: Runs,
) -> None:
    """One row for each training, tidy: what was varied, the seed, what came of it, every metric."""
    metrics = sorted({metric for _, outcome in runs.values() for metric in outcome.metrics})
    varied = list(next(iter(values.values()), {}))
    with file_aside(path) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["model", *varied, "seed", "split", *_OWN, *metrics, "run"])
        for (name, seed), (trial, outcome) in runs.items():
            own = [getattr(outcome, column) for column in _OWN]
            found = [outcome.metrics.get(metric, {}).get("mean", "") for metric in metrics]
            chosen = [values[name][setting] for setting in varied]
            table.writerow([name, *chosen, seed, trial.split, *own, *found, f"runs/{trial.name}"])
