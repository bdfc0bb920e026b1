"""`tfmmrec index add | remove | rebuild`: the next version of an export, without training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, Quiet, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly

if TYPE_CHECKING:
    from tfmmrec.export import Update

index = typer.Typer(
    help="Make the next version of an export, without training: other items, or another index.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

Model = Annotated[
    Path,
    typer.Argument(
        help="A served model, such as savedmodels/films, whose latest version is taken; or a version.",
        metavar="MODEL",
    ),
]


@index.command()
def add(
    model: Model,
    items: Annotated[
        Path, typer.Argument(help="A data folder with items.csv and media, or the table.", metavar="ITEMS")
    ],
    strict: Annotated[bool, Option("--strict", help="Stop at the first row that cannot be used.")] = False,
    max_dead: Annotated[
        float, Option("--max-dead", help="The share of rows, or of a column's cells, that may be lost.")
    ] = 0.5,
    dead_letters: Annotated[
        Path | None,
        Option(
            "--dead-letters",
            help="Gets what cannot be used: dead_letters.jsonl beside the versions by default.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Encode new items with the exported model and write the next version, which answers with them.

    The table has the columns that the schema gives items. An id that is there already gets its new content;
    all other items, and the known users, stay as they are. Examples:

        tfmmrec index add savedmodels/films new-films

        tfmmrec index add savedmodels/films/3 new-films/items.csv
    """
    import_quietly()
    from tfmmrec.export import add_items

    folder = model.parent if (model / "saved_model.pb").is_file() else model
    letters = dead_letters or folder / "dead_letters.jsonl"
    with ProgressReport(quiet=quiet) as report:
        report.line(f"Adding the items of {items} to {model}; the signatures take a while to trace.")
        told_in = letters if folder.is_dir() else None
        update = add_items(model, items, strict, max_dead, told_in, progress=report)
        if update.problems:
            told = ", ".join(f"{count:,} × {reason}" for reason, count in update.problems.items())
            report.line(f"Not used: {told}; see {letters}.")
    _show(update, as_json)


@index.command()
def remove(
    model: Model,
    ids: Annotated[
        list[str] | None, typer.Argument(help="Ids of items of the catalogue.", metavar="[ID]...")
    ] = None,
    file: Annotated[
        Path | None, Option("--ids", help="A file of ids, one on each line, besides those named.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the next version without some items; known users' events of them go, too.

    Examples:

        tfmmrec index remove savedmodels/films f7 f8

        tfmmrec index remove savedmodels/films --ids sold-out.txt
    """
    lines = file.read_text("utf-8-sig").splitlines() if file else []
    wanted = [*(ids or []), *(line for line in lines if line.strip())]
    if not wanted:
        raise typer.BadParameter("Which items? Name their ids, or a file of them by --ids.")
    import_quietly()
    from tfmmrec.export import remove_items

    with ProgressReport(quiet=quiet) as report:
        report.line(f"Removing {len(wanted):,} items from {model}; the signatures take a while to trace.")
        update = remove_items(model, wanted, progress=report)
    _show(update, as_json)


@index.command()
def rebuild(
    model: Model,
    index: Annotated[str | None, Option(help="exact or ivf; as it is by default.")] = None,
    recall_target: Annotated[
        float | None,
        Option("--recall-target", help="With --index ivf: the share of the best 100 to be found."),
    ] = None,
    filters: Annotated[
        list[str] | None,
        Option(
            "--filter",
            help="An item feature to filter by; may be repeated, and takes the place of those there are.",
            metavar="FEATURE",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write the next version with the same items and users, and another index or other filters.

    Examples:

        tfmmrec index rebuild savedmodels/films --index ivf --recall-target 0.98

        tfmmrec index rebuild savedmodels/films --filter genre --filter year
    """
    if recall_target is not None and index != "ivf":
        raise typer.BadParameter("--recall-target is a setting of --index ivf: give both.")
    import_quietly()
    from tfmmrec.export import rebuild as write

    wanted: dict[str, Any] | None = None if index is None else {"name": index}
    if wanted is not None and recall_target is not None:
        wanted["recall_target"] = recall_target
    with ProgressReport(quiet=quiet) as report:
        report.line(f"Building the index of {model} anew; the signatures take a while to trace.")
        update = write(model, wanted, filters or None, progress=report)
    _show(update, as_json)


def _show(update: Update, as_json: bool) -> None:
    """What became of the export."""
    changes = {name: list(getattr(update, name)) for name in ("added", "replaced", "removed")}
    if as_json:
        told = {"events": update.events, "problems": update.problems}
        print_json({"path": update.path, "items": update.items, **changes, **told})
        return
    counts = "".join(f", {len(ids):,} {name}" for name, ids in changes.items() if ids)
    events = f", {update.events:,} events of known users gone with them" if update.events else ""
    typer.echo(f"{update.path}: {update.items:,} items{counts}{events}.")
