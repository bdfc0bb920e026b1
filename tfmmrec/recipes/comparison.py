"""Trainings of several models and seeds, summed up and set beside each other."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tfmmrec.evaluation import difference, open_kept, statistic_interval
from tfmmrec.metrics.direction import lower_is_better
from tfmmrec.recipes.trial import DONE, Outcome, Trial
from tfmmrec.report import Estimate, Ranked

Runs = dict[tuple[str, int], tuple[Trial, Outcome]]
"""By model and seed, a training and what came of it."""


def in_order(models: Mapping[str, dict[str, str]], runs: Runs, metric: str) -> list[Ranked]:
    """The models from the best to the worst, those without numbers last; not yet compared.

    Args:
        models: by name, the values of what was varied.
        runs: their trainings.
        metric: that they are ranked by.
    """
    sign = 1.0 if lower_is_better(metric) else -1.0

    def key(one: Ranked) -> tuple[bool, float]:
        return one.estimate is None, sign * one.estimate["mean"] if one.estimate else 0.0

    return sorted((_summed_up(name, values, runs, metric) for name, values in models.items()), key=key)


def compared(ranked: Sequence[Ranked], reference: str, runs: Runs, metric: str) -> list[Ranked]:
    """The same models, each with its paired difference to the reference."""
    return [
        one
        if one.name == reference or one.estimate is None
        else replace(one, gap=_gap(runs, one.name, reference, metric))
        for one in ranked
    ]


def estimate(trial: Trial, outcome: Outcome, metric: str) -> Estimate:
    """A metric of a training with its interval over users, where it has one."""
    found = dict(outcome.metrics[metric])
    if "low" not in found and (ends := statistic_interval(open_kept(trial.answers), metric)):
        found |= {"low": ends[0], "high": ends[1]}
    return found


def mean(found: Sequence[Estimate]) -> Estimate:
    """Of values and of the ends of their intervals, where all have them."""
    shared = [name for name in found[0] if all(name in one for one in found)]
    return {name: statistics.fmean(one[name] for one in found) for name in shared}


def _summed_up(name: str, values: dict[str, str], runs: Runs, metric: str) -> Ranked:
    own = {seed: run for (other, seed), run in runs.items() if other == name}
    done = {
        seed: (trial, outcome)
        for seed, (trial, outcome) in own.items()
        if outcome.state == DONE and metric in outcome.metrics
    }
    if not done:
        reasons = [outcome.reason or f"There is no {metric}." for _, outcome in own.values()]
        return Ranked(name, values, reason=next(iter(reasons), ""))
    reached = [outcome.metrics[metric]["mean"] for _, outcome in done.values()]
    return Ranked(
        name,
        values,
        mean([estimate(trial, outcome, metric) for trial, outcome in done.values()]),
        spread=statistics.stdev(reached) if len(reached) > 1 else None,
        seeds=tuple(done),
        seconds=statistics.fmean(outcome.seconds for _, outcome in done.values()),
        parameters=next(outcome.parameters for _, outcome in done.values()),
        peak_memory_mb=statistics.fmean(outcome.peak_memory_mb for _, outcome in done.values()),
    )


def _gap(runs: Runs, name: str, reference: str, metric: str) -> Estimate | None:
    """A model minus the reference: the mean over each seed of the one beside each of the other.

    So it is the difference of what stands beside them, also where the two have not as many seeds.
    """
    own, theirs = (
        [run for (other, _), run in runs.items() if other == one and run[1].state == DONE]
        for one in (name, reference)
    )
    gaps: list[Estimate] = []
    for (trial, outcome), (beside, other) in itertools.product(own, theirs):
        if other.split_sha256 != outcome.split_sha256:
            continue
        found = difference(open_kept(trial.answers), open_kept(beside.answers), metric)
        if found is not None:
            gaps.append({"mean": found.mean, "low": found.low, "high": found.high})
    return mean(gaps) if gaps else None
