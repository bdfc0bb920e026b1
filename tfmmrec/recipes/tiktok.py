"""TikTok as a data folder: likes of short videos, with pretrained image and audio vectors, without text.

`convert` reads a folder laid out like this:

    tiktok/
      interactions.npz    arrays trn, val and tst: whole numbers [pairs, 2], user and item
      image_feat.npy      float [items, size]: row k is item k
      audio_feat.npy      the same

These are the interactions of the split that MMSSL (Wei et al., 2023) and DiffMM (Jiang et al., 2024) report
on. Their tables also use a vector of each video's text, which is not part of these files: a result of this
folder stands beside theirs with that handicap, and says so.
"""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tfmmrec.recipes.conversion import Conversion, copy_vectors, find_root, vector_rows, write_csv

_VECTORS = ("image_feat", "audio_feat")
_FILES = ("interactions.npz", *(f"{name}.npy" for name in _VECTORS))
_SPLITS = {"trn": "train", "val": "valid", "tst": "test"}

_SCHEMA = """\
# TikTok: who liked which video. There are no times; the split is given.
user_id = "user_id"
item_id = "item_id"
""" + "".join(
    f'\n[[item]]\nmodality = "Vector"\ncolumn = "{name}"\nfile = "{name}.npy"\n' for name in _VECTORS
)
_SCHEMA += """
[[task]]
task = "Match"
"""


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write TikTok: 68,722 pairs of 9,308 users and 6,710 videos in their given split.

    `events.csv` holds user_id, item_id and split; `items.csv` item_id alone: what is known of an item are its
    two vectors, whose rows are the rows of `items.csv`. `load` takes the column `split` by itself, since
    there is no order.

    Args:
        source: the folder of these files, or one that holds it as `tiktok/`.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or malformed, or `destination` holds something else.
    """
    root = find_root(Path(source), _FILES, "tiktok")

    def write(folder: Path) -> None:
        items = vector_rows(root / "image_feat.npy")
        write_csv(folder / "items.csv", ("item_id",), ((item,) for item in range(items)))
        for name in _VECTORS:
            copy_vectors(root / f"{name}.npy", folder / f"{name}.npy", items)
        events = _events(root / "interactions.npz", items)
        write_csv(folder / "events.csv", ("user_id", "item_id", "split"), events)

    return Conversion(
        dataset="tiktok",
        version=1,
        root=root,
        files=_FILES,
        schema=_SCHEMA,
        writes=("items.csv", "events.csv", *(f"{name}.npy" for name in _VECTORS)),
        write=write,
    ).into(Path(destination))


def _events(path: Path, items: int) -> Iterator[tuple[int, int, str]]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            pairs = {name: arrays[name] for name in _SPLITS}
    except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"Expected {path} to hold the arrays {', '.join(_SPLITS)} of whole numbers, but it cannot be "
            f"read: {error}. Is it the right file, and whole?"
        ) from error
    for name, array in pairs.items():
        if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu":
            raise ValueError(
                f"Expected {name} of {path} to be whole numbers of the shape (pairs, 2), user and item, got "
                f"{array.dtype} of the shape {array.shape}."
            )
        if array.size and (array.min() < 0 or array[:, 1].max() >= items):
            raise ValueError(
                f"Expected the items of {name} in {path} to be rows of image_feat.npy, 0 to {items - 1}, got "
                f"users and items from {array.min()} and items up to {array[:, 1].max()}. "
                f"Are the files of the same data set?"
            )
        for user, item in array.tolist():
            yield user, item, _SPLITS[name]
