"""`tfmmrec demo`: everything once, on a small catalogue."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, Quiet, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.memory import one_arena


def demo(
    folder: Annotated[Path, Option(help="Of the catalogue.")] = Path("demo"),
    run: Annotated[Path, Option(help="Of the run.")] = Path("runs/demo"),
    export: Annotated[Path, Option(help="Of the SavedModel: a version.")] = Path("savedmodels/demo/1"),
    items: Annotated[int | None, Option(help="Size of the catalogue.", show_default=False)] = None,
    users: Annotated[int | None, Option(help="Users who met the items.", show_default=False)] = None,
    epochs: Annotated[
        int | None, Option(min=1, help="Passes over the events, at most.", show_default=False)
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Generate a small catalogue with posters, clips and words; train, judge, export, and ask the export.

    It takes some minutes on two cores and may be repeated. An example:

        tfmmrec demo --folder demo
    """
    began = time.monotonic()
    one_arena()
    import_quietly()
    from tfmmrec.cli.results import as_json_result, show, show_problems, show_recommendations
    from tfmmrec.recipes.demo import ITEMS, SETTINGS, USERS
    from tfmmrec.recipes.demo import demo as show_all

    settings = replace(SETTINGS, epochs=epochs) if epochs else SETTINGS
    with ProgressReport(quiet=quiet) as report:
        done = show_all(
            folder,
            run,
            export,
            ITEMS if items is None else items,
            USERS if users is None else users,
            settings,
            report,
        )
    seconds = time.monotonic() - began
    if as_json:
        questions = [{"who": q.who, "history": q.history, "answer": q.answer} for q in done.questions]
        trained = as_json_result(done.trained)
        print_json({**trained, "export": done.export, "questions": questions, "seconds": seconds})
        return
    for judgement in done.trained.judgements.values():
        show(judgement)
    show_problems(done.trained.data.problems, done.trained.run.dead_letters)
    for asked in done.questions:
        met = ", ".join(done.shelf.title(one) for one in asked.history)
        show_recommendations(asked.answer, done.shelf.titles, f"For {asked.who}, after: {met}")
    if quiet:
        return
    typer.echo(f"\nCurves and recommendations: {done.trained.run.plots}")
    typer.echo(
        f"Ask again: tfmmrec recommend {export} --user {done.trained.data.user_ids[0]} --data {folder}"
    )
    typer.echo(f"The demo took {seconds:.0f} s.")
