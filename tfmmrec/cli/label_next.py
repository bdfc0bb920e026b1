"""`tfmmrec label-next`: which items to label, so that a run's next training learns most."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, Quiet, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly


def label_next(
    run: Annotated[Path, typer.Argument(help="A trained run, such as runs/fashion.", metavar="RUN")],
    k: Annotated[int, Option(help="How many items.", min=1)] = 50,
    by: Annotated[
        str, Option(help="badge, k_centre, entropy, margin, least_confident: see `tfmmrec list acquisition`.")
    ] = "badge",
    task: Annotated[str | None, Option(help="Whose label; the first task of classes by default.")] = None,
    write: Annotated[
        Path | None, Option(help="A CSV to fill in: ids, an empty column of the label, what is expected.")
    ] = None,
    seed: Annotated[int, Option(help="Of what is drawn.", min=0)] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Rank the items that lack a label by what theirs would teach the model.

    An example:

        tfmmrec label-next runs/fashion --task colour --k 100 --write to_label.csv
    """
    import_quietly()
    from tfmmrec.aside import file_aside
    from tfmmrec.data import open_shards
    from tfmmrec.labelling import label_next as choose
    from tfmmrec.training import Run

    opened = Run.open(run)
    model = opened.load_model()
    with ProgressReport(quiet=quiet) as report:
        report.line(f"Asking {run} about the items that lack a label.")
        found = choose(model, open_shards(opened.prepared), k, by, task, seed)
    item_id = model.schema.item_id
    rows = [
        {item_id: one, "expected": expected, "probability": float(p), "score": float(score)}
        for one, expected, p, score in zip(
            found.ids, found.expected, found.probability, found.score, strict=True
        )
    ]
    if write is not None:
        with file_aside(write) as aside, aside.open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow([item_id, found.task, "expected", "probability", "score"])
            table.writerows([one[item_id], "", *list(one.values())[1:]] for one in rows)
    if as_json:
        print_json({"task": found.task, "pool": found.pool, "items": rows})
        return
    from tfmmrec.cli.results import show_next_labels

    show_next_labels(found)
    if write is not None and not quiet:
        typer.echo(f"Written: {write}. Fill in the column {found.task}, and add it to your table.")
