"""`tfmmrec inspect`: what is in a data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, DataFolder, Quiet, SchemaOrGuess, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly


def inspect(
    data: DataFolder,
    schema: SchemaOrGuess = None,
    html: Annotated[
        Path | None, Option(help="Write a page with sample rows and their pictures, in one file.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Show what is in a data folder: counts, sparsity, what is empty, times, duplicates, labels.

    Examples:

        tfmmrec inspect films

        tfmmrec inspect films --html films.html
    """
    import_quietly()
    from tfmmrec.cli.results import show_overview
    from tfmmrec.inspection import overview, schema_or_guess
    from tfmmrec.inspection.page import write_page

    described, guessed = schema_or_guess(data, schema)
    note = "There is no schema: what the columns are is guessed." if guessed else ""
    with ProgressReport(quiet=quiet) as report:
        if note:
            report.line(f"{note} See `tfmmrec schema guess {data}`.")
        found = overview(data, described, report)
        if html:
            report.line(f"Writing {html}.")
            write_page(html, found, described, note)
    if as_json:
        print_json({**found.to_dict(), "schema_guessed": guessed, **({"html": html} if html else {})})
        return
    show_overview(found)
    if html:
        typer.echo(f"\nRows and pictures: {html}")
    elif not quiet:
        typer.echo(f"\nRows and pictures: tfmmrec inspect {data} --html {data.resolve().name}.html")
