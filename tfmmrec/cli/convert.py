"""`tfmmrec convert`: public data sets into data folders."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tfmmrec.cli.options import AsJson, Quiet, print_json


class DataSet(StrEnum):
    """The data sets that can be converted; the help of the command has a line for each."""

    amazon_2023 = "amazon-2023"
    fashion = "fashion"
    lastfm_2k = "lastfm-2k"
    mind = "mind"
    mmrec = "mmrec"
    movielens_100k = "movielens-100k"
    movielens_1m = "movielens-1m"
    movielens_large = "movielens-large"
    review_polarity = "review-polarity"
    spoken_digits = "spoken-digits"
    tiktok = "tiktok"


def convert(
    dataset: Annotated[DataSet, typer.Argument(help="Which data set.", show_default=False)],
    source: Annotated[Path, typer.Argument(help="The folder with your copy of it.")],
    destination: Annotated[Path, typer.Argument(help="The data folder to make.", metavar="DEST")],
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Turn a public data set into a data folder with a schema.

    An example, where `downloads/movielens/` holds `ml-100k/`, `ml-100k-text.csv`, `posters.csv` and
    `posters/`:

        tfmmrec convert movielens-100k downloads ml-100k

        tfmmrec train ml-100k

    The data sets, and what SOURCE holds of each:

    - `amazon-2023`: Amazon Reviews 2023; `NAME.jsonl` and `meta_NAME.jsonl` of a category, or of several
    - `fashion`: fashion products and what they are; `styles.csv` and `images/`
    - `lastfm-2k`: listening to music; `interactions.csv`, `items.csv`, `friends.csv`, three `.npy`
    - `mind`: Microsoft's news; `MINDsmall_train/` and `MINDsmall_dev/`, or those of MINDlarge
    - `mmrec`: a folder of the MMRec toolbox; `NAME.inter`, `image_feat.npy`, `text_feat.npy`
    - `movielens-100k`: MovieLens with posters and plots; `movielens/` as above
    - `movielens-1m`: the same of ML-1M, cut as for SASRec; `movielens/` with `ml-1m/`
    - `movielens-large`: MovieLens 20M, 25M, 32M, latest; `ratings.csv`, `movies.csv`, `links.csv`, `tags.csv`
    - `review-polarity`: sentences that praise or blame a film; `rt-polarity.pos` and `rt-polarity.neg`
    - `spoken-digits`: recordings of spoken digits; `recordings/`
    - `tiktok`: short videos; `interactions.npz`, `image_feat.npy`, `audio_feat.npy`

    Nothing is ever replaced: DEST is new, empty, or the same conversion made before, which stays as it is.
    """
    from tfmmrec.recipes import (
        amazon_2023,
        fashion,
        lastfm_2k,
        mind,
        mmrec,
        movielens,
        movielens_large,
        review_polarity,
        spoken_digits,
        tiktok,
    )

    convert_folder = {
        DataSet.amazon_2023: amazon_2023.convert,
        DataSet.fashion: fashion.convert,
        DataSet.lastfm_2k: lastfm_2k.convert,
        DataSet.mind: mind.convert,
        DataSet.mmrec: mmrec.convert,
        DataSet.movielens_100k: movielens.convert_100k,
        DataSet.movielens_1m: movielens.convert_1m,
        DataSet.movielens_large: movielens_large.convert,
        DataSet.review_polarity: review_polarity.convert,
        DataSet.spoken_digits: spoken_digits.convert,
        DataSet.tiktok: tiktok.convert,
    }[dataset]
    folder = convert_folder(source, destination)
    names = sorted(path.name for path in folder.iterdir())
    if as_json:
        print_json({"folder": folder, "files": names})
        return
    typer.echo(f"{folder}: {', '.join(names)}")
    if quiet:
        return
    # Where events have an order, a given split must be asked for.
    split = " --split column:split" if dataset is DataSet.mind else ""
    typer.echo(f"Next: tfmmrec train {folder}{split}")
