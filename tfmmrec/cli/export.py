"""`tfmmrec export`: from a trained run to one SavedModel."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, Quiet, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly


def export(
    run: Annotated[Path, typer.Argument(help="A trained run, such as runs/films.", metavar="RUN")],
    path: Annotated[
        Path | None,
        typer.Argument(
            help="Where to: savedmodels/<run's name>/<next version> by default.", metavar="[PATH]"
        ),
    ] = None,
    without_users: Annotated[
        bool, Option("--without-users", help="Leave the users' ids, histories and features out.")
    ] = False,
    index: Annotated[
        str, Option(help="exact, or ivf: cells of which a request looks into few, for large catalogues.")
    ] = "exact",
    recall_target: Annotated[
        float | None,
        Option(
            "--recall-target",
            help="With --index ivf: the share of the best 100 to be found.  [default: 0.95]",
        ),
    ] = None,
    filters: Annotated[
        list[str] | None,
        Option(
            "--filter",
            help="An item feature to filter recommendations by, such as genre; may be repeated.",
            metavar="FEATURE",
        ),
    ] = None,
    not_updatable: Annotated[
        bool,
        Option("--not-updatable", help="Leave out what `tfmmrec index` makes the next version from."),
    ] = False,
    replace: Annotated[bool, Option("--replace", help="Replace a version that is there.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Write one SavedModel that answers recommend, rank, similar_items and more, for TensorFlow Serving.

    The same things are not exported twice: where PATH, or without PATH the latest version, is this very
    export already, it stays as it is. Examples:

        tfmmrec export runs/films

        tfmmrec export runs/films savedmodels/films/7 --without-users

        tfmmrec export runs/films --index ivf --recall-target 0.98

        tfmmrec export runs/films --filter genre --filter year
    """
    import_quietly()
    from tfmmrec.aside import sweep
    from tfmmrec.data import open_shards
    from tfmmrec.export import Given, KnownUsers, is_made_of
    from tfmmrec.export import export as write
    from tfmmrec.export.about import ABOUT
    from tfmmrec.export.versions import latest_version, next_version
    from tfmmrec.training import Run

    wanted: dict[str, Any] = {"name": index}
    if recall_target is not None:
        if index == "exact":
            raise typer.BadParameter(
                "An exact index finds everything: give --index ivf with --recall-target."
            )
        wanted["recall_target"] = recall_target
    opened = Run.open(run)
    folder = path.parent if path else Path("savedmodels") / run.resolve().name
    sweep(folder)  # puts a version back that a killed process was just replacing
    there = path or latest_version(folder)
    data = open_shards(opened.prepared)
    with ProgressReport(quiet=quiet) as report:
        alone = data.schema.user_id is None
        users = None if without_users or alone else KnownUsers.of(data)
        model = opened.load_model()
        by = filters or ()
        given = Given(model, data.catalogue, users, wanted, by, updatable=not not_updatable)
        same = is_made_of(there, given)
        path = path or (there if same else next_version(folder))
        if same and not replace:
            report.line(f"{path} is this very export of {run} already; it is not written again.")
        else:
            report.line(f"Exporting {run} to {path}; the signatures take a while to trace.")
        written = write(
            model,
            data.catalogue,
            path,
            users=users,
            index=wanted,
            overwrite=replace,
            filters=by,
            updatable=not not_updatable,
            progress=report,
        )
    size = sum(file.stat().st_size for file in written.rglob("*") if file.is_file())
    if as_json:
        print_json({"path": path, "bytes": size, "items": len(data.item_ids), "users": len(users or ())})
        return
    known = "" if alone else f", {len(users or ()):,} users"
    typer.echo(f"{path}: {size / 1e6:.1f} MB, {len(data.item_ids):,} items{known}.")
    if index != "exact":
        said = json.loads((written / ABOUT).read_text("utf-8"))
        for key, what in (("index", "Index"), ("search", "Index of searches"), ("users", "Index of users")):
            told = ", ".join(f"{name} {value:,}" for name, value in said[f"{key}_measured"].items())
            if told:
                typer.echo(f"{what}: {told}.")
    if quiet:
        return
    if opened.schema.retrieval is None:
        typer.echo(f"Next: tfmmrec rank {path} --candidate {data.item_ids[0]}")
        return
    asked = f"--user {data.user_ids[0]}" if users else f"--history {data.item_ids[0]}"
    typer.echo(f"Next: tfmmrec recommend {path} {asked}")
