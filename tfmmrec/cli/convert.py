"""`tfmmrec convert`: public data sets into data folders."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class DataSet(StrEnum):
    """The data sets that can be converted."""

    movielens_100k = "movielens-100k"
    movielens_1m = "movielens-1m"


def convert(
    dataset: Annotated[DataSet, typer.Argument(help="Which data set.", show_default=False)],
    source: Annotated[Path, typer.Argument(help="The folder with your copy of it.")],
    destination: Annotated[Path, typer.Argument(help="The data folder to make.", metavar="DEST")],
) -> None:
    """Turn a public data set into a data folder with a schema.

    An example, where `downloads/movielens/` holds `ml-100k/`, `ml-100k-text.csv`, `posters.csv` and
    `posters/`:

        tfmmrec convert movielens-100k downloads ml-100k

        tfmmrec train ml-100k
    """
    from tfmmrec.recipes.movielens import convert_1m, convert_100k

    convert_folder = {DataSet.movielens_100k: convert_100k, DataSet.movielens_1m: convert_1m}[dataset]
    folder = convert_folder(source, destination)
    typer.echo(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")
    typer.echo(f"Next: tfmmrec train {folder}")
