"""`tfmmrec evaluate`: how good is a trained run?"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.sentences import cutoffs, plain


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
    as_json: Annotated[bool, Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Rank the whole catalogue for every held-out event, with intervals, beside the most popular items.

    An example:

        tfmmrec evaluate runs/films --split test --k 10,50
    """
    cuts = cutoffs(k)
    import_quietly()
    from tfmmrec.cli.results import show
    from tfmmrec.data import open_shards
    from tfmmrec.recipes.training_run import as_metrics, judge
    from tfmmrec.training import Run

    opened = Run.open(run)
    data = open_shards(opened.prepared)
    judgement = judge(opened.load_model(), getattr(data, split.value), cuts)
    if as_json:
        typer.echo(json.dumps(plain(as_metrics({split.value: judgement})), indent=2))
    else:
        show(judgement)
