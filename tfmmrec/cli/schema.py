"""`tfmmrec schema guess`: a schema proposed by looking at the files."""

from __future__ import annotations

from typing import Annotated

import typer
from typer import Option

from tfmmrec.aside import file_aside
from tfmmrec.cli.options import AsJson, DataFolder, Quiet, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly

schema = typer.Typer(
    help="Say what the columns of a data folder are.", no_args_is_help=True, rich_markup_mode="markdown"
)


@schema.callback()
def options() -> None:
    """Keeps `guess` a command of its own while it is the only one."""


@schema.command()
def guess(
    data: DataFolder,
    write: Annotated[
        bool, Option("--write", help="Write it to DATA/schema.toml, unless there is one.")
    ] = False,
    rows: Annotated[int, Option(min=1, help="Rows of each table to look at.")] = 20_000,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Propose a schema by looking at the files, with the reason for each entry beside it.

    It looks at names, types, how many values differ, what is empty, separators inside of cells, files that
    cells name, times, and arrays of vectors. Read it, mend it, then train. Examples:

        tfmmrec schema guess films

        tfmmrec schema guess films --write
    """
    target = data / "schema.toml"
    if write and target.exists():
        raise ValueError(f"There is a schema in {str(target)!r}; move it away, or leave --write out.")
    import_quietly()
    from tfmmrec.inspection import guess_schema

    with ProgressReport(quiet=quiet) as report:
        report.line(f"Looking at the first {rows:,} rows of each table in {data}.")
        found = guess_schema(data, rows)
    if write:
        with file_aside(target) as aside:
            aside.write_text(found.toml, "utf-8")
    if as_json:
        why = [{"entry": one.settings, "side": one.side, "why": one.why} for one in found.entries]
        written = {"written": target} if write else {}
        print_json({"schema": found.schema.to_dict(), "why": why, "left_out": found.left_out, **written})
    elif write:
        typer.echo(f"{target}: {len(found.entries)} entries. Read it before you train.")
    else:
        typer.echo(found.toml, nl=False)
    if write and not (quiet or as_json):
        typer.echo(f"Next: tfmmrec train {data}")
