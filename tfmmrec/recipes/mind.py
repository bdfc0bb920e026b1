"""MIND, Microsoft's news, as a data folder: clicks in their order, texts of the news, and what was shown.

`convert` reads a folder laid out like this (Wu et al., 2020); not MIND's own test set, which has no labels:

    mind/
      MINDsmall_train/    or MINDlarge_train, or any folder whose name ends in train
        behaviors.tsv     impression, user, time, history of clicked news, news shown as "N1-1 N2-0"
        news.tsv          id, category, subcategory, title, abstract, url, entities of title and of abstract
      MINDsmall_dev/      the same of the day after; a name that ends in dev. It can be absent
"""

import json
from array import array
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from tfmmrec.recipes.conversion import Conversion, check_source, listing, one_line, write_csv, write_parquet

_DAY = 86_400  # seconds
_FILES = ("behaviors.tsv", "news.tsv")
_FIELDS = {"behaviors.tsv": 5, "news.tsv": 8}

_EVENTS = pa.schema(
    {
        "user_id": pa.string(),
        "item_id": pa.string(),
        "kind": pa.string(),
        "timestamp": pa.float64(),
        "split": pa.string(),
    }
)
_IMPRESSIONS = pa.schema(
    {
        "user_id": pa.string(),
        "timestamp": pa.float64(),
        "item_ids": pa.list_(pa.string()),
        "clicked": pa.list_(pa.int8()),
        "split": pa.string(),
    }
)

_SCHEMA = """\
# MIND: clicks on news. Those of a user's history have no time, but stand before the others: the file's order.
user_id = "user_id"
item_id = "item_id"
order = "file"

[[item]]
modality = "Text"
column = "title"
length = 24

[[item]]
modality = "Text"
column = "abstract"
length = 48

[[item]]
modality = "Category"
column = "category"

[[item]]
modality = "Category"
column = "subcategory"

[[item]]
modality = "Tags"
column = "entities"

[[task]]
task = "NextItem"
"""


class _Impression(NamedTuple):
    user: str
    time: float
    history: list[str]
    shown: list[str]
    clicked: list[int]
    split: str


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write MIND, small or large: what users clicked, in order, and what they were shown.

    `events.parquet` holds user_id, item_id, kind, timestamp (seconds since the epoch) and split, in order of
    time. Before a user's first click of the log stands the history of his or her first impression: kind
    "history", without a time, for training. The others are of kind "click". The last day of the training
    folder validates (where it has more than one), and the dev folder tests, as in the paper; since events
    have an order, name this split: ``column:split``.

    `impressions.parquet` holds user_id, timestamp, item_ids (as shown), clicked (1 or 0 for each) and split.
    It is for re-ranking what was shown, and `load` does not read it: news that were shown and not clicked are
    no events, because the news of one impression would stand in each other's histories.

    `items.csv` holds item_id, category, subcategory, title, abstract, url and entities (names, separated by
    ``|``) of the news of all folders. Behaviours are read one at a time, in order of time; held in memory are
    their times and places in the files, the ids of users, and the news.

    Args:
        source: the folder of these folders.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or malformed, or `destination` holds something else.
    """
    root = Path(source)
    check_source(root, "MINDsmall_train/ and MINDsmall_dev/, or those of MINDlarge")
    folders = [_find(root, ending) for ending in ("train", "dev")]
    if folders[0] is None:
        raise ValueError(
            f"Expected {root} to hold a folder whose name ends in train, with {' and '.join(_FILES)}, but it "
            f"holds {listing(root)}. Unpack MINDsmall_train or MINDlarge_train there."
        )
    parts = [folder for folder in folders if folder]

    def write(folder: Path) -> None:
        columns = ("item_id", "category", "subcategory", "title", "abstract", "url", "entities")
        write_csv(folder / "items.csv", columns, _news(parts))
        order = _order(parts)
        write_parquet(folder / "events.parquet", _EVENTS, _events(_impressions(parts, *order)))
        shown = ((i.user, i.time, i.shown, i.clicked, i.split) for i in _impressions(parts, *order))
        write_parquet(folder / "impressions.parquet", _IMPRESSIONS, shown)

    return Conversion(
        dataset="mind",
        version=1,
        root=root,
        files=[f"{part.name}/{name}" for part in parts for name in _FILES],
        schema=_SCHEMA,
        writes=("items.csv", "events.parquet", "impressions.parquet"),
        write=write,
    ).into(Path(destination))


def _find(root: Path, ending: str) -> Path | None:
    found = sorted(path for path in root.iterdir() if path.is_dir() and path.name.lower().endswith(ending))
    if len(found) > 1:
        raise ValueError(
            f"Expected {root} to hold one folder whose name ends in {ending}, got "
            f"{', '.join(path.name for path in found)}. Put each size of MIND into a folder of its own."
        )
    for folder in found:
        if missing := [name for name in _FILES if not (folder / name).is_file()]:
            raise ValueError(
                f"Expected {folder} to hold {', '.join(missing)}, but it holds {listing(folder)}. "
                f"Put the missing files there."
            )
    return found[0] if found else None


def _news(parts: list[Path]) -> Iterator[tuple[str, ...]]:
    written: set[str] = set()
    for path in (part / "news.tsv" for part in parts):
        with path.open("rb") as lines:
            for line in lines:
                item, category, subcategory, title, abstract, url, *entities = _fields(path, line)
                if item in written:  # most news of dev stand in train too
                    continue
                written.add(item)
                names = dict.fromkeys(name for cell in entities for name in _labels(path, item, cell))
                words = one_line(title), one_line(abstract)
                yield item, category, subcategory, *words, url, "|".join(names)


def _labels(path: Path, item: str, cell: str) -> list[str]:
    """The names of ``[{"Label": "Prince Philip", ...}]``; an empty cell has none."""
    try:
        return [entity["Label"].replace("|", " ") for entity in json.loads(cell or "[]")]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"Expected the entities of news {item} in {path} as a JSON list of objects with a Label, got "
            f"{cell[:60]!r}. Is it the right file, and whole?"
        ) from error


def _order(parts: list[Path]) -> tuple[np.ndarray, np.ndarray, float]:
    """Which folder each impression is in and where it begins there, in order of time; and when the last day
    of training begins, which is infinity where there is one day."""
    folder, place, time = array("b"), array("q"), array("d")
    for number, part in enumerate(parts):
        path, begin = part / "behaviors.tsv", 0
        with path.open("rb") as lines:
            for line in lines:
                folder.append(number)
                place.append(begin)
                time.append(_seconds(path, _fields(path, line)[2]))
                begin += len(line)
    folders, places, times = np.asarray(folder), np.asarray(place), np.asarray(time)
    days = times[folders == 0] // _DAY
    last_day = days.max() * _DAY if len(days) and days.min() < days.max() else float("inf")
    order = np.argsort(times, kind="stable")
    return folders[order], places[order], float(last_day)


def _impressions(
    parts: list[Path], folders: np.ndarray, places: np.ndarray, last_day: float
) -> Iterator[_Impression]:
    paths = [part / "behaviors.tsv" for part in parts]
    files = [path.open("rb") for path in paths]
    try:
        for number, place in zip(folders.tolist(), places.tolist(), strict=True):
            files[number].seek(place)
            path = paths[number]
            _, user, moment, history, news = _fields(path, files[number].readline())
            time = _seconds(path, moment)
            marks = [mark.rpartition("-") for mark in news.split()]
            if bad := next(
                ("".join(mark) for mark in marks if not mark[0] or mark[2] not in ("0", "1")), None
            ):
                raise ValueError(
                    f"Expected news shown as N1-1 (clicked) or N1-0 in {path}, got {bad!r} of user {user} at "
                    f"{moment}. Does the folder have labels? MIND's own test set has none."
                )
            split = "test" if number else "valid" if time >= last_day else "train"
            shown, clicked = [mark[0] for mark in marks], [int(mark[2]) for mark in marks]
            yield _Impression(user, time, history.split(), shown, clicked, split)
    finally:
        for file in files:
            file.close()


def _events(impressions: Iterator[_Impression]) -> Iterator[tuple]:
    met: set[str] = set()
    for user, time, history, shown, clicked, split in impressions:
        if user not in met:
            met.add(user)
            for item in history:
                yield user, item, "history", None, "train"
        for item, click in zip(shown, clicked, strict=True):
            if click:
                yield user, item, "click", time, split


def _fields(path: Path, line: bytes) -> list[str]:
    count = _FIELDS[path.name]
    fields = line.decode("utf-8").rstrip("\r\n").split("\t")
    if len(fields) != count:
        raise ValueError(
            f"Expected {count} fields separated by tabs in every line of {path}, got {len(fields)}: "
            f"{line[:80].decode('utf-8', 'replace')!r}. Is it the right file, and whole?"
        )
    return fields


def _seconds(path: Path, moment: str) -> float:
    """ "11/15/2019 10:22:32 AM", read as UTC since MIND names no zone, as seconds since the epoch."""
    try:
        return datetime.strptime(moment, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise ValueError(
            f"Expected a time such as '11/15/2019 10:22:32 AM' in {path}, got {moment!r}. "
            f"Is it the right file?"
        ) from error
