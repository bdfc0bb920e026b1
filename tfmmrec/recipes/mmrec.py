"""MMRec folders as data folders: interactions in a given split, with image and text vectors of the items.

`convert` reads a folder as the MMRec toolbox (Zhou, 2023) keeps them for Amazon's baby, sports, clothing and
electronics, MicroLens and others:

    baby/
      baby.inter          tab-separated: userID, itemID, x_label (0 train, 1 validation, 2 test), and in most
                          folders rating and timestamp (seconds since the epoch)
      image_feat.npy      float [items, size]: row k is item k; this file, the next, or both
      text_feat.npy       the same

Other arrays of the toolbox (graphs between users, pickled) are neither needed nor read.
"""

import csv
from collections.abc import Iterator
from pathlib import Path

from tfmmrec.recipes.conversion import Conversion, check_source, copy_vectors, listing, vector_rows, write_csv

_SPLITS = {"0": "train", "1": "valid", "2": "test"}
_NEEDED = ("userID", "itemID", "x_label")
_OPTIONAL = ("rating", "timestamp")
_VECTORS = ("image_feat", "text_feat")

_HEAD = """\
# {name}, as MMRec cuts it: the split is given, and users are sets of items as in that toolbox.
user_id = "user_id"
item_id = "item_id"
"""
_VECTOR = """
[[item]]
modality = "Vector"
column = "{name}"
file = "{name}.npy"
"""
_TASK = """
[[task]]
task = "Match"
"""


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write a folder of the MMRec toolbox.

    `events.csv` holds user_id, item_id, split, and rating and timestamp where the source has them, in the
    order of the source; `items.csv` item_id alone: what is known of an item are its vectors, whose rows are
    the rows of `items.csv`. `load` takes the column `split` by itself, since the schema names no order. (It
    can: `timestamp = "timestamp"` and the task NextItem, but then results do not compare with the toolbox'.)

    Args:
        source: the folder of these files.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or malformed, or `destination` holds something else.
    """
    root = Path(source)
    check_source(root, "a table *.inter and its vectors")
    tables = sorted(root.glob("*.inter"))
    vectors = [name for name in _VECTORS if (root / f"{name}.npy").is_file()]
    if len(tables) != 1 or not vectors:
        raise ValueError(
            f"Expected {root} to hold one table *.inter and image_feat.npy or text_feat.npy, but it holds "
            f"{listing(root)}. Give the folder of one data set, such as baby/."
        )
    (table,) = tables

    def write(folder: Path) -> None:
        items = vector_rows(root / f"{vectors[0]}.npy")
        for name in vectors:
            copy_vectors(root / f"{name}.npy", folder / f"{name}.npy", items)
        write_csv(folder / "items.csv", ("item_id",), ((item,) for item in range(items)))
        extra = _extra_columns(table)
        columns = ("user_id", "item_id", *extra, "split")
        write_csv(folder / "events.csv", columns, _events(table, extra, items))

    arrays = [f"{name}.npy" for name in vectors]
    blocks = "".join(_VECTOR.format(name=name) for name in vectors)
    return Conversion(
        dataset=f"mmrec-{table.stem}",
        version=1,
        root=root,
        files=(table.name, *arrays),
        schema=_HEAD.format(name=table.stem) + blocks + _TASK,
        writes=("items.csv", "events.csv", *arrays),
        write=write,
    ).into(Path(destination))


def _extra_columns(table: Path) -> list[str]:
    with table.open(newline="", encoding="utf-8-sig") as stream:
        header = next(csv.reader(stream, delimiter="\t"), [])
    if lacking := [name for name in _NEEDED if name not in header]:
        raise ValueError(
            f"Expected {table} to have the columns {', '.join(_NEEDED)}, separated by tabs, but it lacks "
            f"{', '.join(lacking)}; its first line is {' '.join(header)[:100]!r}. Has it been split?"
        )
    return [name for name in _OPTIONAL if name in header]


def _events(table: Path, extra: list[str], items: int) -> Iterator[tuple[str, ...]]:
    with table.open(newline="", encoding="utf-8-sig") as stream:
        for line, row in enumerate(csv.DictReader(stream, delimiter="\t"), 2):
            user, item, label = (row[name] or "" for name in _NEEDED)
            if not user or label not in _SPLITS or not item.isdecimal() or int(item) >= items:
                raise ValueError(
                    f"Expected a user, an item of 0 to {items - 1} (a row of the vectors) and an x_label of "
                    f"0, 1 or 2 in {table}, got {user!r}, {item!r} and {label!r} in line {line}. "
                    f"Are the files of the same data set?"
                )
            yield user, item, *(row[name] or "" for name in extra), _SPLITS[label]
