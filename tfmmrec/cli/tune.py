"""`tfmmrec tune`: a search for the settings that are best on validation."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, CommonSettings, DataFolder, Quiet, SchemaFile, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.settings_options import settings_from, with_settings

if TYPE_CHECKING:
    from tfmmrec.recipes.tuning import Search

_SHOWN = 10  # of the trials, the best


@with_settings
def tune(
    data: DataFolder,
    given: dict[str, Any],
    space: Annotated[Path, Option(help="A TOML file of what is searched; see below.")],
    trials: Annotated[int, Option(min=1, help="Trainings in all, those of an earlier call included.")],
    out: Annotated[Path, Option(help="The folder that gets the trials and train.toml, the best settings.")],
    no_prune: Annotated[
        bool, Option("--no-prune", help="Let every trial end, however bad it begins.")
    ] = False,
    config: CommonSettings = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    schema: SchemaFile = None,
) -> None:
    """Search for the settings that are best on validation, with Optuna; the test is never read.

    An example, with `space.toml` as below:

        tfmmrec tune films --space space.toml --trials 40 --epochs 15 --out runs/search

        tfmmrec train films --config runs/search/train.toml --run runs/best

    ```toml
    learning_rate = {low = 1e-4, high = 1e-2, log = true}
    width = {low = 32, high = 128, step = 32}
    fusion = "all"                             # every member of the family
    alignment = ["none", "contrastive"]        # one of these
    modalities = ["full", "-poster"]           # what is known of the items
    batch_events = 2048                        # fixed
    ```

    A trial that is below the median of the others after as many epochs is stopped. The same command goes on
    where it was interrupted; with more --trials it goes on where it ended. Needs the extra `tune`.
    """
    settings = settings_from(given, config)
    import_quietly()
    from tfmmrec.cli.train import schema_of
    from tfmmrec.recipes.search_space import read_space
    from tfmmrec.recipes.tuning import BEST
    from tfmmrec.recipes.tuning import tune as search

    described = schema_of(data, schema)
    found, fixed = read_space(space, described, settings)
    told = sorted(set(given) & {*found, *fixed})
    if told:
        raise ValueError(
            f"--{told[0].replace('_', '-')} is given here and in {str(space)!r}; leave one of them out."
        )
    settings = replace(settings, **fixed)
    with ProgressReport(quiet=quiet) as report:
        done = search(data, described, out, settings, found, trials, not no_prune, report)
    if as_json:
        told_all = [{**asdict(one), "run": one.run} for one in done.tried]
        print_json({"monitor": done.monitor, "best": done.best.number, "trials": told_all, "out": out})
        return
    _show(done)
    if not quiet:
        typer.echo(f"Next: tfmmrec train {data} --config {out / BEST}")


def _show(done: Search) -> None:
    """Prints the best trials, and how many were stopped or failed."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tfmmrec.metrics.direction import lower_is_better

    sign = 1.0 if lower_is_better(done.monitor) else -1.0
    ended = [one for one in done.tried if one.outcome.state == "done" and one.outcome.value is not None]
    drawn = Table()
    for name in ("trial", done.monitor, *done.best.values, "epoch", "seconds"):
        drawn.add_column(name, justify="right", overflow="fold")
    for one in sorted(ended, key=lambda one: sign * (one.outcome.value or 0.0))[:_SHOWN]:
        values = (f"{value:.4g}" if isinstance(value, float) else str(value) for value in one.values.values())
        outcome = one.outcome
        cells = (f"{outcome.value:.4f}", *values, str(outcome.epoch), f"{outcome.seconds:,.1f}")
        drawn.add_row(str(one.number + 1), *map(Text, cells))
    console = Console(highlight=False)
    stopped = sum(one.outcome.state == "stopped" for one in done.tried)
    failed = len(done.tried) - len(ended) - stopped
    said = f"{len(done.tried)} trials, of which {stopped} were stopped early and {failed} failed"
    console.print(f"\n{said}", style="bold", markup=False)
    console.print(drawn)
