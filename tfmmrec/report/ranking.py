"""Trained models from the best to the worst, with intervals, and with what each of them cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from tfmmrec.report.table import Estimate


@dataclass(frozen=True)
class Ranked:
    """A model of a ranking, trained once or with several seeds.

    Attributes:
        name: of the model.
        values: what was varied: setting → value.
        estimate: the metric: ``mean`` over the seeds, ``low`` and ``high`` over users, where they are known.
        gap: this model's metric minus the reference's, of the same users and seeds; None of the reference.
        spread: the standard deviation between seeds; None of one.
        seeds: it was trained with.
        seconds, parameters, peak_memory_mb: what it cost, on average of the seeds.
        reason: why it has no numbers.
    """

    name: str
    values: dict[str, str]
    estimate: Estimate | None = None
    gap: Estimate | None = None
    spread: float | None = None
    seeds: tuple[int, ...] = ()
    seconds: float = 0.0
    parameters: int = 0
    peak_memory_mb: float = 0.0
    reason: str = ""


_COLUMNS = ("", "{metric}", "minus {reference}", "± seeds", "seeds", "seconds", "parameters", "MB")


def ranking_table(ranked: Sequence[Ranked], metric: str, reference: str) -> Table:
    """The ranking for the terminal; a difference whose interval leaves out zero is bold.

    Args:
        ranked: from the best to the worst, those without numbers last.
        metric: that they are ranked by.
        reference: the name of the model that the others are compared with.
    """
    drawn = Table(caption=_CAPTION, caption_justify="left")
    for place, head in enumerate(_COLUMNS):
        text = head.format(metric=metric, reference=reference)
        drawn.add_column(text, justify="right" if place else "left", overflow="fold")
    for one in ranked:
        cells = _cells(one, reference)  # as text: what a reason quotes is no markup
        drawn.add_row(*(Text(cell.strip("*"), "bold" if cell.startswith("**") else "") for cell in cells))
    return drawn


def ranking_markdown(ranked: Sequence[Ranked], metric: str, reference: str) -> str:
    """The same table in Markdown."""
    heads = [head.format(metric=metric, reference=reference) for head in _COLUMNS]
    lines = [f"| {' | '.join(heads)} |", "|---|" + "---:|" * (len(heads) - 1)]
    cells = ([cell.replace("|", "\\|") for cell in _cells(one, reference)] for one in ranked)
    lines += [f"| {' | '.join(row)} |" for row in cells]
    return "\n".join(lines) + "\n"


_CAPTION = (
    "In brackets: 95 % intervals, bootstrap over users (of differences: the same users and seeds under "
    "both); ± is the standard deviation between seeds."
)


def _cells(one: Ranked, reference: str) -> list[str]:
    if one.estimate is None:
        return [one.name, one.reason, *[""] * (len(_COLUMNS) - 2)]
    gap = "" if one.gap is None else _bounds(one.gap, "+")
    if one.gap is not None and "low" in one.gap and not one.gap["low"] <= 0 <= one.gap["high"]:
        gap = f"**{gap}**"
    return [
        one.name,
        _bounds(one.estimate, ""),
        "reference" if one.name == reference else gap,
        "" if one.spread is None else f"{one.spread:.4f}",
        str(len(one.seeds)),
        f"{one.seconds:,.1f}",
        f"{one.parameters:,}",
        f"{one.peak_memory_mb:,.0f}",
    ]


def _bounds(found: Estimate, sign: str) -> str:
    value = f"{found['mean']:{sign}.4f}"
    return f"{value} [{found['low']:{sign}.4f}, {found['high']:{sign}.4f}]" if "low" in found else value
