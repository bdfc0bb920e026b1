"""Results as people read them on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tfmmrec.inspection import Overview
from tfmmrec.inspection.estimate import Estimate as RunEstimate
from tfmmrec.inspection.machine import Machine
from tfmmrec.labelling import NextLabels
from tfmmrec.recipes.judgement import Judgement, as_metrics
from tfmmrec.recipes.training_run import TrainingRun
from tfmmrec.report import Estimate, table

_LIKELIEST = 3  # classes shown of a new item


def show(judgement: Judgement, console: Console | None = None) -> None:
    """Prints a table of metrics, with what was asked above it."""
    console = console or Console(highlight=False)
    console.print()
    console.print(judgement.results.protocol, style="bold", markup=False)
    sure = "In brackets: 95 % intervals, bootstrap over users." if judgement.results.per_query else ""
    console.print(table(_concise(judgement.columns), caption=f"{sure} {judgement.note}".strip()))


def as_json_result(trained: TrainingRun) -> dict[str, Any]:
    """A training for programs: the run, the epoch kept (0: the last), metrics by split, what was not used."""
    return {
        "run": trained.run.folder,
        "epoch": trained.epoch,
        "metrics": as_metrics(trained.judgements),
        "problems": trained.data.problems,
    }


def _concise(columns: dict[str, dict[str, Estimate]]) -> dict[str, dict[str, Estimate]]:
    """The columns without hit rates where they are the recalls: where one item is to be found."""
    same = {
        name
        for name in next(iter(columns.values()))
        if name.startswith("hit_rate@")
        and all(c.get(name) == c.get(name.replace("hit_rate", "recall")) for c in columns.values())
    }
    return {model: {k: v for k, v in column.items() if k not in same} for model, column in columns.items()}


def show_problems(problems: dict[str, int], letters: Path, console: Console | None = None) -> None:
    """Prints what could not be used, counted by reason."""
    console = console or Console(highlight=False)
    if not problems:
        return
    drawn = Table(title="What could not be used", title_justify="left")
    drawn.add_column("reason")
    drawn.add_column("rows or cells", justify="right")
    for reason, count in problems.items():
        drawn.add_row(reason, f"{count:,}")
    console.print()
    console.print(drawn)
    console.print(f"One by one: {letters}", markup=False, soft_wrap=True)


def show_recommendations(
    answer: dict[str, Any], titles: dict[str, str], title: str, console: Console | None = None
) -> None:
    """Prints an answer of `Served.recommend`: place, item, score and what every task expects."""
    console = console or Console(highlight=False)
    drawn = Table()
    drawn.add_column("", justify="right", style="dim")
    drawn.add_column("item")
    if titles:
        drawn.add_column("title")
    columns = {
        name: values
        for name, values in answer.items()
        if name != "item_id" and getattr(values, "ndim", 1) == 1
    }  # probabilities of classes have two dimensions; the likeliest class stands beside them
    for name in columns:
        drawn.add_column(name, justify="right", overflow="fold")
    for place, item in enumerate(answer["item_id"]):
        cells = [_cell(values[place]) for values in columns.values()]
        drawn.add_row(str(place + 1), item, *([titles.get(item, "")] if titles else []), *cells)
    console.print()
    console.print(title, style="bold", markup=False)
    console.print(drawn)


def show_new_item(
    answer: dict[str, Any], classes: dict[str, list[str]], console: Console | None = None
) -> None:
    """Prints what every task expects of a new item: a number, or the likeliest of the classes.

    Args:
        answer: of `Served.rank` about the new item, by task.
        classes: of the tasks that have some, by name.
        console: where to.
    """
    rows = []
    for name, value in answer.items():
        if not getattr(value, "ndim", 0):
            rows += [] if isinstance(value, str) else [(name, f"{float(value):.4g}")]
            continue  # a text is the likeliest class, which comes with its probability
        order = (-value).argsort()[:_LIKELIEST]
        labels = classes.get(name) or [str(number) for number in range(len(value))]
        rows.append((name, ", ".join(f"{labels[place]} {value[place]:.0%}" for place in order)))
    _show_rows(console or Console(highlight=False), "The new item", ("", ""), rows)


def show_next_labels(found: NextLabels, console: Console | None = None) -> None:
    """Prints items to label, best first, with what the model expects of them now."""
    rows = [
        (str(place + 1), one, f"{expected} {probability:.0%}", f"{score:.4g}")
        for place, (one, expected, probability, score) in enumerate(
            zip(found.ids, found.expected, found.probability, found.score, strict=True)
        )
    ]
    title = f"{len(rows):,} of {found.pool:,} items that lack the label {found.task}"
    _show_rows(console or Console(highlight=False), title, ("", "item", "expected", "score"), rows)


def show_overview(found: Overview, console: Console | None = None) -> None:
    """Prints what is in a data folder."""
    console = console or Console(highlight=False)
    counts = {name: f"{count:,}" for name, count in found.counts.items()}
    counts |= {} if found.density is None else {"density": f"{found.density:.3%}"}
    if found.time and "first" in found.time:
        counts["first event"], counts["last event"] = found.time["first"], found.time["last"]
        counts |= {"times unreadable": f"{found.time['unreadable']:,}"} if found.time["unreadable"] else {}
    counts |= {f"repeated {name}": f"{count:,}" for name, count in found.duplicates.items()}
    _show_rows(console, found.folder, ("", ""), counts.items())
    quantiles = {"per user": found.events_per_user, "per item": found.events_per_item}
    rows = [(n, *(f"{value:,.4g}" for value in values.values())) for n, values in quantiles.items() if values]
    _show_rows(console, "Events", ("", *found.events_per_item), rows)
    features = []
    for one in found.features:
        numbers = [f"{number:,}" if number else "" for number in (one.broken, one.distinct)]
        named = f"{one.side}: {one.column}"
        features.append((named, one.modality, f"{one.missing / max(1, one.rows):.1%}", *numbers))
    _show_rows(console, "Features", ("", "modality", "empty", "no file", "different"), features)
    for task, labels in found.labels.items():
        known = max(1, labels["known"])
        shares = [(value, f"{count:,}", f"{count / known:.1%}") for value, count in labels["values"].items()]
        lacking = f"{labels['missing']:,} events have none" if labels["missing"] else "every event has one"
        _show_rows(console, f"{labels['task']} {task}: {lacking}", ("label", "events", "share"), shares)
    if found.unreadable:
        rows = [(reason, f"{count:,}") for reason, count in found.unreadable.items()]
        _show_rows(console, "Rows that cannot be read", ("reason", "rows"), rows)


def show_machine(machine: Machine, console: Console | None = None) -> None:
    """Prints what a machine offers."""
    console = console or Console(highlight=False)
    memory = "unknown" if machine.memory is None else _size(machine.memory)
    offered = {
        **machine.versions,
        "accelerator": ", ".join(machine.accelerators) or f"none: {machine.why_none}",
        "free disk": _size(machine.disk),
        "free memory": memory,
    }
    for name, value in offered.items():
        console.print(f"{name + ':':<13} {value}", markup=False, soft_wrap=True)


def show_estimate(guess: RunEstimate, machine: Machine, epochs: int, console: Console | None = None) -> None:
    """Prints what a run will take, beside what there is."""
    console = console or Console(highlight=False)
    rows = [
        ("prepare the data, once", _duration(guess.prepare_seconds)),
        (f"one epoch ({guess.steps:,} steps of {guess.step_seconds:.2g} s)", _duration(guess.epoch_seconds)),
        (f"train, {epochs} epochs at most", _duration(guess.train_seconds)),
        ("disk", f"{_size(guess.disk_bytes)} of {_size(machine.disk)} free"),
        ("memory", _size(guess.memory_bytes)),
    ]
    if machine.memory is not None:
        rows[-1] = ("memory", f"{_size(guess.memory_bytes)} of {_size(machine.memory)} free")
    _show_rows(console, "What a run takes, about", ("", ""), rows)
    console.print(guess.how, markup=False)
    for name, needed, free in (
        ("disk", guess.disk_bytes, machine.disk),
        ("memory", guess.memory_bytes, machine.memory),
    ):
        if free is not None and needed > free:
            advice = f"There may be too little {name}: about {_size(needed)} needed, {_size(free)} free."
            console.print(advice, style="red", markup=False)


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{count / 1e6:,.1f} MB"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def _show_rows(console: Console, title: str, heads: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    drawn = Table(show_header=any(heads))
    for place, head in enumerate(heads):
        drawn.add_column(head, justify="right" if place else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*map(Text, row))  # what the data holds is no markup
    console.print()
    console.print(title, style="bold", markup=False, soft_wrap=True)
    console.print(drawn)


def _cell(value: Any) -> str:
    return value if isinstance(value, str) else f"{float(value):.2f}"
