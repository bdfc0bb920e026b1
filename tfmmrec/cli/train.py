"""`tfmmrec train`: from a data folder to a run folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, Quiet, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.sentences import cutoffs, names

_TWINS = "Twins: the same model with a part of the schema"


def train(
    data: Annotated[
        Path, typer.Argument(help="The folder with events.csv, items.csv, media …", metavar="DATA")
    ],
    schema: Annotated[
        Path | None, Option(help="What the columns are; DATA/schema.toml by default.", rich_help_panel="Data")
    ] = None,
    split: Annotated[
        str,
        Option(
            help="auto, leave-last-out, random, random:80/10/10 or column:NAME.",
            rich_help_panel="Data",
        ),
    ] = "auto",
    cold_items: Annotated[
        float,
        Option(help="Share of items held out of training altogether, such as 0.1.", rich_help_panel="Data"),
    ] = 0.0,
    name: Annotated[
        str | None, Option(help="Of the run, in runs/; the data folder's by default.", rich_help_panel="Run")
    ] = None,
    run: Annotated[
        Path | None, Option(help="The run's folder, instead of --name.", rich_help_panel="Run")
    ] = None,
    replace: Annotated[
        bool, Option("--replace", help="Train anew where there is a trained model.", rich_help_panel="Run")
    ] = False,
    width: Annotated[int, Option(help="Of every vector; a multiple of 4.", rich_help_panel="Model")] = 64,
    fusion: Annotated[str, Option(help="transformer or concat.", rich_help_panel="Model")] = "transformer",
    alignment: Annotated[
        str | None, Option(help="contrastive; none by default.", rich_help_panel="Model")
    ] = None,
    sharing: Annotated[
        str, Option(help="What the tasks' heads share.", rich_help_panel="Model")
    ] = "shared_bottom",
    item_vectors: Annotated[
        str,
        Option(
            help="Where the loss takes items from: auto, table, cached, encoded.", rich_help_panel="Model"
        ),
    ] = "auto",
    dtype: Annotated[str | None, Option(help="Such as mixed_bfloat16.", rich_help_panel="Model")] = None,
    epochs: Annotated[
        int, Option(min=1, help="Passes over the events, at most.", rich_help_panel="Training")
    ] = 20,
    batch_events: Annotated[int, Option(min=1, help="Events in a batch.", rich_help_panel="Training")] = 4096,
    encode_items: Annotated[
        int, Option(min=0, help="Items encoded in a step, at most; 0: all.", rich_help_panel="Training")
    ] = 512,
    learning_rate: Annotated[float, Option(help="The peak.", rich_help_panel="Training")] = 1e-3,
    weight_decay: Annotated[float, Option(help="Of AdamW.", rich_help_panel="Training")] = 0.01,
    patience: Annotated[
        int, Option(min=1, help="Epochs without a better value.", rich_help_panel="Training")
    ] = 5,
    monitor: Annotated[
        str | None, Option(help="The validation metric that decides.", rich_help_panel="Training")
    ] = None,
    seed: Annotated[int, Option(min=0, help="Of everything random.", rich_help_panel="Training")] = 0,
    jit: Annotated[
        bool, Option("--jit", help="Compile the step with XLA.", rich_help_panel="Training")
    ] = False,
    k: Annotated[str, Option(help="Cut-offs of the ranking metrics.", rich_help_panel="Training")] = "10,20",
    only_item: Annotated[
        str | None, Option(help="Item features, such as poster,plot.", rich_help_panel=_TWINS)
    ] = None,
    only_user: Annotated[
        str | None, Option(help='User features; "" for none.', rich_help_panel=_TWINS)
    ] = None,
    only_event: Annotated[
        str | None, Option(help='Event features; "" for none.', rich_help_panel=_TWINS)
    ] = None,
    only_task: Annotated[str | None, Option(help="Tasks, such as next_item.", rich_help_panel=_TWINS)] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Train on a data folder, judge the model beside the most popular items, and keep all of it in a run.

    An example, with `films/schema.toml` as below:

        tfmmrec train films --run runs/films --epochs 30

    ```toml
    user_id = "user_id"
    item_id = "item_id"
    timestamp = "timestamp"    # or: order = "file"

    [[item]]                   # or [[user]], [[event]]
    modality = "Text"          # Image Audio Tags Category Number Timestamp …
    column = "plot"

    [[item]]
    modality = "Image"
    column = "poster"

    [[task]]
    task = "NextItem"          # or Match, where there is no order

    [[task]]
    task = "Binary"            # Rating Multiclass
    column = "like"
    ```

    Its twin that knows posters alone: `tfmmrec train films --run runs/posters --only-item poster`
    """
    cuts = cutoffs(k)
    if name is not None and run is not None:
        raise ValueError(f"Give --name {name} or --run {run}, not both: a name stands for runs/{name}.")
    only: dict[str, Any] = {
        "item": names(only_item, "--only-item"),
        "user": names(only_user, "--only-user"),
        "event": names(only_event, "--only-event"),
        "tasks": names(only_task, "--only-task"),
    }
    only = {side: chosen for side, chosen in only.items() if chosen is not None}
    folder = run or Path("runs") / (name or data.resolve().name)

    import_quietly()
    from tfmmrec.data.readers import check_folder
    from tfmmrec.recipes.training_run import Settings, training_run
    from tfmmrec.schema import Schema

    described = Schema.from_toml(schema or check_folder(data) / "schema.toml")
    settings = Settings(
        split=split,
        cold_items=cold_items,
        width=width,
        fusion=fusion,
        alignment=alignment,
        sharing=sharing,
        item_vectors=item_vectors,
        dtype=dtype,
        epochs=epochs,
        batch_events=batch_events,
        encode_items=encode_items or None,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        patience=patience,
        monitor=monitor,
        seed=seed,
        jit=jit,
        k=cuts,
        only=only,
    )
    with ProgressReport(quiet=quiet) as report:
        trained = training_run(data, described, folder, settings, replace, report)

    from tfmmrec.cli.results import as_json_result, show, show_problems

    if as_json:
        print_json(as_json_result(trained))
        return
    for judgement in trained.judgements.values():
        show(judgement)
    show_problems(trained.data.problems, trained.run.prepared / "dead_letters.jsonl")
    typer.echo(f"Kept epoch {trained.epoch}." if trained.epoch else "Kept the last epoch.")
    if quiet:
        return
    typer.echo(f"Pictures: {trained.run.plots}")
    typer.echo(f"Next: tfmmrec export {trained.run.folder}")
