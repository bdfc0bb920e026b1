"""`tfmmrec list`: every fusion, loss, task … that can be chosen, with its source and its file."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import asdict
from typing import Annotated

import typer

from tfmmrec.cli.options import AsJson, print_json
from tfmmrec.cli.quiet import import_quietly


def list_members(
    family: Annotated[
        list[str] | None,
        typer.Argument(help="Such as fusion, alignment or losses; all by default.", metavar="[FAMILY]..."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what a model can be chosen from: each member's name, what it is, its source and its file.

    Names are those that settings take, in any case and with or without underscores. What is listed is what
    the packages export and what their docstrings say. Examples:

        tfmmrec list

        tfmmrec list fusion alignment --json
    """
    from tfmmrec.families import families

    chosen = families(family)
    import_quietly()
    found = {one: one.members() for one in chosen}
    if as_json:
        print_json({one.package: [asdict(member) for member in there] for one, there in found.items()})
        return
    width = min(shutil.get_terminal_size((100, 24)).columns, 110)
    for one, there in found.items():
        typer.echo(f"\n{one.package}: {len(there)}; a new one is a file {one.path}")
        column = max(len(member.name) for member in there) + 4
        for member in there:
            lines = textwrap.wrap(member.summary, width - column) or [""]
            source = "" if member.source in member.summary else f"{member.source} · "
            lines += textwrap.wrap(source + member.file, width - column)
            typer.echo(f"  {member.name:<{column - 2}}{lines[0]}")
            for line in lines[1:]:
                typer.echo(" " * column + line)
