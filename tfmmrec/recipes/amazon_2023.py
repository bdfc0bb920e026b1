"""Amazon Reviews 2023 as a data folder: ratings, reviews and product texts, streamed from JSON-lines.

`convert` reads a folder with the files of one category, or of several (Hou et al., 2024: "Bridging Language
and Items for Retrieval and Recommendation"), as they are, gzipped or unpacked:

    amazon/
      All_Beauty.jsonl        a review per line: rating, title, text, parent_asin, user_id, timestamp
                              (milliseconds), verified_purchase, ...
      meta_All_Beauty.jsonl   a product per line: parent_asin, title, description, features, price,
                              categories, main_category, store, images, ...

What tells how a product was received later (`average_rating`, `rating_number`, `helpful_vote`) is never
written. Pictures are named by their address only: nothing is downloaded.
"""

import gzip
import html
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from tfmmrec.recipes.conversion import Conversion, check_source, listing, one_line, write_parquet

_FIRST_MILLISECOND = 631_152_000_000  # 1990: smaller numbers are seconds

_EVENTS = pa.schema(
    {
        "user_id": pa.string(),
        "item_id": pa.string(),
        "rating": pa.float64(),
        "like": pa.int8(),
        "timestamp": pa.float64(),
        "verified": pa.int8(),
        "review_title": pa.string(),
        "review": pa.string(),
    }
)
_ITEMS = pa.schema(
    {
        "item_id": pa.string(),
        "title": pa.string(),
        "description": pa.string(),
        "features": pa.string(),
        "categories": pa.list_(pa.string()),
        "main_category": pa.string(),
        "store": pa.string(),
        "price": pa.float64(),
        "image_url": pa.string(),
    }
)

_SCHEMA = """\
# Amazon Reviews 2023: ratings and reviews with their times.
user_id = "user_id"
item_id = "item_id"
timestamp = "timestamp"

[[item]]
modality = "Text"
column = "title"
length = 16

[[item]]
modality = "Text"
column = "description"
length = 48

[[item]]
modality = "Text"
column = "features"
length = 32

[[item]]
modality = "Tags"
column = "categories"

[[item]]
modality = "Category"
column = "store"

[[item]]
modality = "Number"
column = "price"

# To learn from pictures, fetch those of the column "image_url" into this folder, write their paths into a
# column "image", and add: modality = "Image", column = "image".

# What the user thought of past purchases; a head never sees the review of the event it predicts.
[[event]]
modality = "Category"
column = "rating"

[[event]]
modality = "Text"
column = "review"
length = 32

[[task]]
task = "NextItem"

[[task]]
task = "Rating"
column = "rating"

[[task]]
task = "Binary"
column = "like"
"""


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write a category of Amazon Reviews 2023, or several.

    `events.parquet` holds user_id, item_id (the `parent_asin`), rating (1 to 5), like (1 where the rating is
    4 or 5, else 0), timestamp (seconds since the epoch), verified (1 or 0), review_title and review, in the
    order of the files. `items.parquet` holds item_id, title, description, features, categories (a list),
    main_category, store, price (dollars; of a range the first) and image_url; a product without metadata has
    a row with its id alone. Texts have no HTML.

    Reviews are read and written some ten thousand at a time; the ids of all products are held in memory.

    Args:
        source: the folder of these files, each as ``.jsonl`` or ``.jsonl.gz``.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or malformed, or `destination` holds something else.
    """
    root = Path(source)
    check_source(root, "NAME.jsonl and meta_NAME.jsonl")
    names = sorted(path.name for path in root.iterdir() if path.name.endswith((".jsonl", ".jsonl.gz")))
    reviews = [name for name in names if not name.startswith("meta_")]
    metas = [name for name in names if name.startswith("meta_")]
    described = [_stem(name).removeprefix("meta_") for name in metas]
    if not reviews or sorted(map(_stem, reviews)) != sorted(described) or len(set(described)) < len(metas):
        raise ValueError(
            f"Expected {root} to hold reviews as NAME.jsonl with products as meta_NAME.jsonl (both may end "
            f"in .gz), each once, but it holds {listing(root)}. Put the missing file there, or take the "
            f"other out."
        )

    def write(folder: Path) -> None:
        reviewed: dict[str, None] = {}
        events = (event for name in reviews for event in _events(root / name, reviewed))
        write_parquet(folder / "events.parquet", _EVENTS, events)
        items = _items([root / name for name in metas], reviewed)
        write_parquet(folder / "items.parquet", _ITEMS, items)

    return Conversion(
        dataset="amazon-2023",
        version=1,
        root=root,
        files=names,
        schema=_SCHEMA,
        writes=("items.parquet", "events.parquet"),
        write=write,
    ).into(Path(destination))


def _stem(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".jsonl")


def _events(path: Path, reviewed: dict[str, None]) -> Iterator[tuple]:
    """The reviews of a file; `reviewed` gets the products."""
    for line, row in _objects(path, "user_id", "parent_asin", "rating", "timestamp"):
        rating, time = row["rating"], row["timestamp"]
        if rating not in (1, 2, 3, 4, 5) or not isinstance(time, int) or time < _FIRST_MILLISECOND:
            raise ValueError(
                f"Expected a rating of 1 to 5 and a timestamp in milliseconds in {path}, got {rating!r} and "
                f"{time!r} in line {line}. Is it a file of the reviews of 2023?"
            )
        reviewed[row["parent_asin"]] = None
        yield (
            row["user_id"],
            row["parent_asin"],
            rating,
            int(rating >= 4),
            time / 1000,
            int(bool(row.get("verified_purchase"))),
            _plain(row.get("title")),
            _plain(row.get("text")),
        )


def _items(paths: Iterable[Path], reviewed: dict[str, None]) -> Iterator[tuple]:
    described: set[str] = set()
    for path in paths:
        for _, row in _objects(path, "parent_asin"):
            item = row["parent_asin"]
            if item in described:  # a product can stand in two categories
                continue
            described.add(item)
            yield (
                item,
                _plain(row.get("title")),
                _plain(row.get("description")),
                _plain(row.get("features")),
                [_plain(category) for category in row.get("categories") or ()],
                _plain(row.get("main_category")),
                _plain(row.get("store")),
                _price(row.get("price")),
                _image_url(row.get("images")),
            )
    for item in reviewed:
        if item not in described:
            yield (item, *[None] * (len(_ITEMS) - 1))


def _objects(path: Path, *needed: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with their lines, from 1. Empty lines are left out."""
    opener = gzip.open if path.suffix == ".gz" else open
    line = 0
    try:
        with opener(path, "rt", encoding="utf-8") as lines:
            for line, text in enumerate(lines, 1):
                if text.strip():
                    row = json.loads(text)
                    if not isinstance(row, dict) or any(row.get(name) in (None, "") for name in needed):
                        raise ValueError(f"it lacks one of {', '.join(needed)}: {text.strip()[:80]!r}")
                    yield line, row
    except (ValueError, EOFError, OSError) as error:
        # An error of whoever reads the rows is not ours: it is raised there, not here.
        raise ValueError(
            f"Expected a JSON object per line in {path}, but after line {max(line - 1, 0)}: {error}. "
            f"Is it the right file, and whole?"
        ) from error


def _plain(text: Any) -> str | None:
    """Text on one line without HTML; several texts are joined, and nothing is None."""
    if isinstance(text, list):
        text = " ".join(str(part) for part in text if part)
    if not text:
        return None
    text = html.unescape(re.sub(r"<[^<>]{1,200}>", " ", str(text)))
    return one_line(text.encode("utf-8", "replace").decode()) or None  # half of a surrogate pair becomes "?"


def _price(price: Any) -> float | None:
    """19.99 of 19.99, "$19.99" and "from 19.99"; None of what names no number."""
    found = re.search(r"\d+(\.\d+)?", str(price).replace(",", ""))
    return float(found[0]) if found else None


def _image_url(images: Any) -> str | None:
    """The address of the main picture."""
    images = [image for image in images or () if isinstance(image, dict)]
    images.sort(key=lambda image: image.get("variant") != "MAIN")  # stable: else the first
    return images[0].get("large") or images[0].get("hi_res") if images else None
