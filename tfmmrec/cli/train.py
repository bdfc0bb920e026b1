"""`tfmmrec train`: from a data folder to a run folder."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, DataFolder, Quiet, SchemaFile, print_json
from tfmmrec.cli.progress import ProgressReport
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.settings_options import settings_from, with_settings
from tfmmrec.memory import one_arena

if TYPE_CHECKING:
    from tfmmrec.schema import Schema


@with_settings
def train(
    data: DataFolder,
    given: dict[str, Any],
    config: Annotated[
        Path | None,
        Option(
            help="A TOML file of the settings below, such as epochs = 30, or a run's config.json; "
            "what is given here wins over it."
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    schema: SchemaFile = None,
    name: Annotated[
        str | None, Option(help="Of the run, in runs/; the data folder's by default.", rich_help_panel="Run")
    ] = None,
    run: Annotated[
        Path | None, Option(help="The run's folder, instead of --name.", rich_help_panel="Run")
    ] = None,
    replace: Annotated[
        bool, Option("--replace", help="Train anew where there is a trained model.", rich_help_panel="Run")
    ] = False,
    shared: Annotated[
        bool,
        Option(
            "--all-devices",
            help="Share each batch among all GPUs, or all cores of a TPU; KERAS_BACKEND=jax alone.",
            rich_help_panel="Run",
        ),
    ] = False,
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

    Where there are no users, `user_id = ""` says so: every event is a labelled example that stands alone,
    and with `[tables]` and `events = "items.csv"` one table holds features and labels.

    Its twin that knows posters alone, all else as it was:

        tfmmrec train films --run runs/posters --config runs/films/config.json --only-item poster
    """
    if name is not None and run is not None:
        raise ValueError(f"Give --name {name} or --run {run}, not both: a name stands for runs/{name}.")
    settings = settings_from(given, config)
    folder = run or Path("runs") / (name or data.resolve().name)

    one_arena()
    import_quietly()
    from tfmmrec.recipes.training_run import training_run
    from tfmmrec.training import all_devices

    described = schema_of(data, schema)
    with ProgressReport(quiet=quiet) as report, all_devices() if shared else nullcontext():
        trained = training_run(data, described, folder, settings, replace, report)

    from tfmmrec.cli.results import as_json_result, show, show_problems

    if as_json:
        print_json(as_json_result(trained))
        return
    for judgement in trained.judgements.values():
        show(judgement)
    show_problems(trained.data.problems, trained.run.dead_letters)
    typer.echo(f"Kept epoch {trained.epoch}." if trained.epoch else "Kept the last epoch.")
    if quiet:
        return
    typer.echo(f"Pictures: {trained.run.plots}")
    typer.echo(f"Next: tfmmrec export {trained.run.folder}")


def schema_of(data: Path, named: Path | None) -> Schema:
    """The schema that is named, or that of the data folder.

    Raises:
        ValueError: there is none, or it is none.
    """
    from tfmmrec.data.readers import check_folder
    from tfmmrec.schema import Schema

    described = named or check_folder(data) / "schema.toml"
    if named is None and not described.is_file():
        raise ValueError(
            f"Schema file {str(described)!r} was not found. `tfmmrec schema guess {data} --write` proposes "
            "one; --schema names another."
        )
    return Schema.from_toml(described)
