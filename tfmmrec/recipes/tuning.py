"""A search for good settings: Optuna proposes them, and what is bad on validation is stopped early."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tfmmrec.recipes.hearing import Report, Silence
from tfmmrec.recipes.search_space import Choices, Range, Space
from tfmmrec.recipes.settings import Settings, write_settings
from tfmmrec.recipes.study import REASON, ended_trials, give_back, open_study
from tfmmrec.recipes.trial import DONE, FAILED, STOPPED, Outcome, Trial, check_folder_of_trials
from tfmmrec.recipes.trial_process import prepare, run_trial
from tfmmrec.recipes.variations import canonical
from tfmmrec.schema import Schema
from tfmmrec.training import Run, default_monitor
from tfmmrec.training.monitor import with_monitored

BEST = "train.toml"


@dataclass(frozen=True)
class Tried:
    """One of the trials of a search.

    Attributes:
        number: in their order.
        values: what was proposed: setting → value.
        outcome: what came of it.
        run: the folder of its run.
    """

    number: int
    values: dict[str, Any]
    outcome: Outcome
    run: Path


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes:
        monitor: the validation metric that was looked for.
        best: the best trial; its settings are in ``train.toml``.
        tried: all trials, in their order.
    """

    monitor: str
    best: Tried
    tried: list[Tried]


def tune(
    data: str | Path,
    schema: Schema,
    folder: str | Path,
    base: Settings,
    space: Space,
    trials: int,
    prune: bool = True,
    report: Report | None = None,
) -> Search:
    """Searches a space of settings for what is best on validation; the test is never read.

    Settings are proposed by TPE (Bergstra et al., 2011). A trial whose best value so far is, after an epoch,
    below the median of the others' after as many epochs, is stopped. Each trial trains as `tfmmrec train`
    does, in a process of its own. Called again the search goes on where it was interrupted, also within a
    trial; with more trials it is prolonged.

    The folder gets ``train.toml`` (the best settings so far, for ``tfmmrec train --config``), ``study.log``
    and the trials; see `Trial`.

    Args:
        data: the data folder.
        schema: what its columns are.
        folder: of the search.
        base: settings that all trials have but for what is searched.
        space: what is searched; see `tfmmrec.recipes.search_space.read_space`.
        trials: so many in all, those of an earlier call included.
        prune: whether trials are stopped early.
        report: is told how things go.

    Raises:
        ImportError: the extra ``tune`` is not installed.
        ValueError: the data cannot be prepared, no trial ended with a value, or the folder is of something
            else, or of a search for something else, or in use.
        OSError: the disk is full.
    """
    data, folder, report = Path(data).resolve(), Path(folder), report or Silence()
    base = canonical(base)
    monitor = base.monitor or default_monitor(schema.only(**base.only))
    base = replace(base, monitor=monitor, k=with_monitored(base.k, monitor))
    check_folder_of_trials(folder)

    def trial_of(settings: Settings) -> Trial:
        return Trial(data, schema.to_dict(), folder, settings, label="trial")

    with Run(folder).locked():
        study = open_study(folder, monitor, prune, _about(data, schema, base, space))
        give_back(study)
        before = min(trials, len(ended_trials(study)))
        report.line(f"{trials} trials, of which {before} ended before.")
        report("trials", before, trials)
        ready: set[Path] = set()
        while len(done := ended_trials(study)) < trials:
            trial = _Asked(study, space, base.seed + len(done))
            own = trial_of(_settings(trial.values, space, base))
            if own.outcome is None and own.prepared not in ready:
                prepare(own, report)
                ready.add(own.prepared)
            outcome = trial.run(own, monitor, report, (len(done), trials))
            report.line(f"trial {len(done) + 1}: {_said(trial.values)}: {_result(outcome, monitor)}")
            report("trials", len(done) + 1, trials)
            _write_best(study, space, base, folder)
        tried = []
        for number, frozen in enumerate(ended_trials(study)):
            own = trial_of(_settings(frozen.params, space, base))
            outcome = own.outcome or Outcome(FAILED, "Its outcome was deleted.")
            tried.append(Tried(number, dict(frozen.params), outcome, own.run))
        best = _write_best(study, space, base, folder)
        if best is None:
            raise ValueError(
                f"None of the {len(tried)} trials ended with a value; the first: {tried[0].outcome.reason}"
            )
        place = [frozen.number for frozen in ended_trials(study)].index(best)
    return Search(monitor, tried[place], tried)


def _about(data: Path, schema: Schema, base: Settings, space: Space) -> dict[str, Any]:
    """What a search is about, in plain values: another one does not go on from it."""
    searched = {
        name: list(one.by_text) if isinstance(one, Choices) else asdict(one) for name, one in space.items()
    }
    about = {"data": str(data), "schema": schema.to_dict(), **asdict(base), **searched}
    return json.loads(json.dumps(about, default=float))


class _Asked:
    """A trial that Optuna was asked for.

    Its random numbers depend on how many ended before alone, so that a search that was interrupted goes on as
    if it had not been.
    """

    def __init__(self, study: Any, space: Space, seed: int) -> None:
        from optuna.samplers import TPESampler

        study.sampler = TPESampler(seed=seed)
        self.study, self.trial = study, study.ask()
        self.values = {name: self._suggest(one) for name, one in space.items()}

    def run(self, own: Trial, monitor: str, report: Report, place: tuple[int, int]) -> Outcome:
        """Trains, and tells Optuna what came of it."""
        from optuna.trial import TrialState

        reported: set[int] = set()

        def on_epoch(record: dict[str, float]) -> bool:
            value, epoch = record.get(f"validation {monitor}", math.nan), int(record["epoch"])
            report("trials", *place, f"trial {place[0] + 1}, epoch {epoch}: {monitor} {value:.4f}")
            if math.isnan(value) or epoch in reported:
                return True
            reported.add(epoch)
            self.trial.report(value, epoch)
            return not self.trial.should_prune()

        outcome = run_trial(own, on_epoch)
        if outcome.state == DONE and outcome.value is not None:
            self.study.tell(self.trial, outcome.value)
        elif outcome.state == STOPPED:
            shutil.rmtree(own.run, ignore_errors=True)  # nobody goes on with it
            self.study.tell(self.trial, state=TrialState.PRUNED)
        else:
            self.trial.set_user_attr(REASON, outcome.reason or f"Nothing was validated by {monitor}.")
            self.study.tell(self.trial, state=TrialState.FAIL)
        return outcome

    def _suggest(self, one: Range | Choices) -> Any:
        if isinstance(one, Choices):
            return self.trial.suggest_categorical(one.setting, list(one.by_text))
        if one.whole:
            step = 1 if one.step is None else int(one.step)
            return self.trial.suggest_int(one.setting, int(one.low), int(one.high), step=step, log=one.log)
        return self.trial.suggest_float(one.setting, one.low, one.high, step=one.step, log=one.log)


def _settings(values: Mapping[str, Any], space: Space, base: Settings) -> Settings:
    """The base with what was proposed."""
    settings = base
    for name, one in space.items():
        if name in values:
            settings = one.of(settings, values[name])
    return settings


def _write_best(study: Any, space: Space, base: Settings, folder: Path) -> int | None:
    """Writes the best settings so far.

    Returns:
        the number of their trial; None where none has a value.
    """
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return None
    best = study.best_trial
    write_settings(folder / BEST, _settings(best.params, space, base))
    return int(best.number)


def _said(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in values.items()
    )


def _result(outcome: Outcome, monitor: str) -> str:
    if outcome.state == DONE and outcome.value is not None:
        return f"{monitor} {outcome.value:.4f} in epoch {outcome.epoch} of {outcome.epochs}"
    return "stopped early" if outcome.state == STOPPED else f"failed: {outcome.reason}"
