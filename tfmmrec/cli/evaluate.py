"""`tfmmrec evaluate`: how good is a trained run?"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, Quiet, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.sentences import cutoffs


class SplitName(StrEnum):
    """The splits that can be evaluated."""

    validation = "validation"
    test = "test"
    cold = "cold"


def evaluate(
    run: Annotated[Path, typer.Argument(help="A trained run, such as runs/films.", metavar="RUN")],
    split: Annotated[SplitName, Option(help="Which held-out events; cold: of items never trained on.")] = (
        SplitName.test
    ),
    k: Annotated[str, Option(help="Cut-offs of the ranking metrics.")] = "10,20",
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Rank the whole catalogue for every held-out event, with intervals, beside the most popular items.

    An example:

        tfmmrec evaluate runs/films --split test --k 10,50
    """
    cuts = cutoffs(k)
    import_quietly()
    from tfmmrec.cli.results import show
    from tfmmrec.data import open_shards
    from tfmmrec.recipes.judgement import as_metrics, judge
    from tfmmrec.training import Run

    opened = Run.open(run)
    data = open_shards(opened.prepared)
    held_out = getattr(data, split.value)
    with ProgressReport(quiet=quiet) as report:
        report.line(f"Evaluating {run} on {len(held_out):,} events of the {split.value} split.")
        judgement = judge(opened.load_model(), held_out, cuts)
    if as_json:
        print_json(as_metrics({split.value: judgement}))
    else:
        show(judgement)
