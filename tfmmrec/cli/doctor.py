"""`tfmmrec doctor`: is everything there, and what will a run take?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, Quiet, SchemaOrGuess, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.recipes.settings import Settings, read_settings


def doctor(
    data: Annotated[
        Path | None,
        typer.Argument(help="A data folder, to see whether it can be used and what a run will take."),
    ] = None,
    schema: SchemaOrGuess = None,
    config: Annotated[Path | None, Option(help="Settings of the planned run, as for `train`.")] = None,
    measure: Annotated[
        bool, Option("--measure/--no-measure", help="Prepare and train on a part of DATA, for the estimate.")
    ] = True,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show versions, backend, accelerator or why there is none, free disk and memory; with DATA, whether it
    can be read, and an estimate of the disk, memory and time of a run.

    For the estimate a part of the data is prepared at two sizes and some steps are timed (about a minute);
    the difference is scaled to all rows. It is an estimate. Examples:

        tfmmrec doctor

        tfmmrec doctor films --config train.toml
    """
    settings = Settings(**read_settings(config)) if config else Settings()
    import_quietly()
    from tfmmrec.cli.results import show_estimate, show_machine
    from tfmmrec.inspection.machine import look_at_machine

    machine = look_at_machine()
    said: dict[str, Any] = {"machine": asdict(machine)}
    if not as_json:
        show_machine(machine)
    if data is not None:
        from tfmmrec.inspection import overview, schema_or_guess
        from tfmmrec.inspection.estimate import estimate

        described, guessed = schema_or_guess(data, schema)
        with ProgressReport(quiet=quiet) as report:
            found = overview(data, described, report)
            guess = estimate(data, described, settings, report) if measure else None
        said |= {"data": found.to_dict(), "schema_guessed": guessed}
        if not as_json:
            counts = ", ".join(
                f"{found.counts[name]:,} {name}"
                for name in ("events", "users", "items")
                if name in found.counts
            )
            typer.echo(f"\n{data} can be read: {counts}{'; its schema is a guess' if guessed else ''}.")
        if guess:
            said["estimate"] = asdict(guess)
            if not as_json:
                show_estimate(guess, machine, settings.epochs)
    if as_json:
        print_json(said)
