"""`tfmmrec ablate`: many trainings that differ in one thing or another, ranked, with what each cost."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.evaluate import SplitName
from tfmmrec.cli.options import AsJson, CommonSettings, DataFolder, Quiet, SchemaFile, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.settings_options import settings_from, with_settings


@with_settings
def ablate(
    data: DataFolder,
    given: dict[str, Any],
    out: Annotated[Path, Option(help="The folder that gets the runs, tables and pictures.")],
    vary: Annotated[
        list[str],
        Option(
            help="A setting and its values, such as fusion=sum,gated or fusion=all; again for another.",
            metavar="SETTING=VALUE,…",
        ),
    ],
    one_at_a_time: Annotated[
        bool, Option("--one-at-a-time", help="Vary each setting alone, not every combination.")
    ] = False,
    seeds: Annotated[int, Option(min=1, help="Trainings of each, with seeds from --seed on.")] = 1,
    top: Annotated[
        int | None, Option(min=1, help="Only so many of the best get all seeds, the others one.")
    ] = None,
    metric: Annotated[
        str | None, Option(help="To rank by, such as recall@20; by default what decides in training.")
    ] = None,
    on: Annotated[
        SplitName, Option(help="The split that is judged. The test is for what was chosen, not for choosing.")
    ] = SplitName.validation,
    config: CommonSettings = None,
    retry: Annotated[bool, Option("--retry", help="Run again what failed.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    schema: SchemaFile = None,
) -> None:
    """Train many models that differ in what is varied, and rank them beside what each of them cost.

    Examples:

        tfmmrec ablate films --vary fusion=all --vary alignment=none,contrastive --out runs/fusions

        tfmmrec ablate films --vary modalities=all --vary sharing=all --one-at-a-time --out runs/parts

    Any setting of `tfmmrec train` can be varied; several make every combination. `all` stands for every
    member of a family. A member with settings of its own is a table: 'fusion={name="transformer",layers=1}'.
    Of `modalities`, poster is the poster alone, title+poster both, -poster all but it, full the whole model.

    Each is trained by what `tfmmrec train` is, in a process of its own, through all epochs. The same command
    goes on where it was interrupted and runs nothing twice. --out gets runs.csv, ranking.md and costs.png.
    """
    settings = settings_from(given, config)
    if "patience" in given:
        raise ValueError("Leave --patience out: all run through all epochs, so that they can be compared.")
    import_quietly()
    from tfmmrec.cli.train import schema_of
    from tfmmrec.recipes.ablation import ablate as run
    from tfmmrec.recipes.variations import varied

    described = schema_of(data, schema)
    choices = varied(vary, described, settings)
    with ProgressReport(quiet=quiet) as report:
        found = run(
            data,
            described,
            out,
            settings,
            choices,
            one_at_a_time,
            seeds,
            top,
            metric,
            on.value,
            retry,
            report,
        )
    if as_json:
        told = {"metric": found.metric, "reference": found.reference}
        print_json({**told, "ranked": [asdict(one) for one in found.ranked], "out": out})
        return
    from rich.console import Console

    from tfmmrec.report import ranking_table

    console = Console(highlight=False)
    if not console.is_terminal:  # nobody's window is too narrow for it
        console = Console(highlight=False, width=180)
    console.print(f"\n{found.metric} on the {on.value} split", style="bold", markup=False)
    console.print(ranking_table(found.ranked, found.metric, found.reference))
    if not quiet:
        typer.echo(f"Tables and pictures: {out / 'runs.csv'}, ranking.md, costs.png")
