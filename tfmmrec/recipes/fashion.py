"""Fashion product images as a data folder: seven labels of a product, learnt from its picture and its name.

`convert` reads a folder laid out like this (Aggarwal, 2019: "Fashion Product Images", on Kaggle):

    fashion/
      styles.csv          id, gender, masterCategory, subCategory, articleType, baseColour, season, year,
                          usage, productDisplayName
      images/             <id>.jpg

Nobody bought anything in this data set, and no events are made up: every product is a labelled example of
its own. To learn from people instead, put a table of your events with `item_id` of these products beside.
"""

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

from tfmmrec.recipes.conversion import Conversion, find_root, held_out, one_line, write_csv

# Columns of styles.csv → of items.csv.
_COLUMNS = {
    "gender": "gender",
    "masterCategory": "master_category",
    "subCategory": "sub_category",
    "articleType": "article_type",
    "baseColour": "base_colour",
    "season": "season",
    "year": "year",
    "usage": "usage",
}
_FIELDS = ("id", *_COLUMNS, "productDisplayName")

# What is learnt; the first decides which epoch is kept.
_LABELS = ("article_type", "sub_category", "master_category", "gender", "base_colour", "season", "usage")

_SCHEMA = """\
# Fashion products: what are they, by picture and name? There are no users: every product is an example, and
# one table holds its features and its labels. No label is a feature; the year could be one (Number).
user_id = ""
item_id = "item_id"

[tables]
events = "items.csv"

[[item]]
modality = "Image"
column = "image"

[[item]]
modality = "Text"
column = "name"
length = 12
""" + "".join(f'\n[[task]]\ntask = "Multiclass"\ncolumn = "{name}"\n' for name in _LABELS)


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write the products: `items.csv`, their pictures in `images/`, and a schema that learns their labels.

    `items.csv` holds item_id, name, the eight columns of categories in the source under names like
    master_category (what is not known is empty), image: its path, empty where there is none, and split: by
    the hash of its id a fifth of the products test, a tenth validate, and the rest train. `load` takes that
    column by itself.

    Args:
        source: the folder of these files, or one that holds it as `fashion/`.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or malformed, or `destination` holds something else.
    """
    root = find_root(Path(source), ("styles.csv", "images"), "fashion")
    pictures = {path.name for path in (root / "images").iterdir() if path.is_file()}
    rows = list(_rows(root / "styles.csv", pictures))
    shown = [image for *_, image, _ in rows if image]

    def write(folder: Path) -> None:
        (folder / "images").mkdir()
        write_csv(folder / "items.csv", ("item_id", "name", *_COLUMNS.values(), "image", "split"), rows)
        for image in shown:
            shutil.copyfile(root / image, folder / image)

    return Conversion(
        dataset="fashion",
        version=2,
        root=root,
        files=("styles.csv", *shown),
        schema=_SCHEMA,
        writes=("items.csv", "images"),
        write=write,
    ).into(Path(destination))


def _rows(path: Path, pictures: set[str]) -> Iterator[tuple[str, ...]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        lines = csv.reader(stream)
        header = next(lines, [])
        if tuple(header) != _FIELDS:
            raise ValueError(
                f"Expected the columns of {path} to be {', '.join(_FIELDS)}, got {', '.join(header)[:200]}. "
                f"Is it the right file?"
            )
        for line, row in enumerate(lines, 2):
            if len(row) < len(_FIELDS) or not row[0].isdecimal():
                raise ValueError(
                    f"Expected a number as id and {len(_FIELDS)} cells in line {line} of {path}, got "
                    f"{','.join(row)[:80]!r}. Is it the right file, and whole?"
                )
            # Some names of the original have commas without quotes: they are the last column.
            item, *cells = (*row[: len(_FIELDS) - 1], ",".join(row[len(_FIELDS) - 1 :]))
            *categories, name = ("" if cell in ("NA", "nan") else one_line(cell) for cell in cells)
            values = dict(zip(_COLUMNS.values(), categories, strict=True))
            values["year"] = values["year"].removesuffix(".0")
            image = f"images/{item}.jpg" if f"{item}.jpg" in pictures else ""
            yield item, name, *values.values(), image, held_out(item)
