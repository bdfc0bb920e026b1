"""Last.fm-2K as a data folder: listening counts, tags, friends, pretrained text and audio vectors of artists.

`convert` reads a folder laid out like this:

    lastfm-2k/
      interactions.csv    user, item, listens, split (train, valid, test)
      items.csv           item (0, 1, 2, …: the rows of the arrays), name, tags separated by commas, ...
      friends.csv         user, friend; each friendship in both directions
      text_minilm.npy     float, a row per item: a sentence encoder on name and tags
      audio_vggish.npy    the same: VGGish on previews of songs
      audio_whisper.npy   the same: Whisper's encoder

The interactions are those of HetRec 2011 (Cantador, Brusilovsky and Kuflik, 2011), for use in research.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tfmmrec.recipes.conversion import (
    Conversion,
    copy_vectors,
    find_root,
    one_line,
    read_csv,
    write_csv,
)

_VECTORS = ("text_minilm", "audio_vggish", "audio_whisper")
_FILES = ("interactions.csv", "items.csv", "friends.csv", *(f"{name}.npy" for name in _VECTORS))
_SPLITS = ("train", "valid", "test")

_SCHEMA = """\
# Last.fm-2K: who listened to which artist, and how often. There are no times; the split is given.
user_id = "user_id"
item_id = "item_id"

[[item]]
modality = "Text"
column = "name"
length = 6

[[item]]
modality = "Tags"
column = "tags"
length = 32
""" + "".join(
    f'\n[[item]]\nmodality = "Vector"\ncolumn = "{name}"\nfile = "{name}.npy"\n' for name in _VECTORS
)
_SCHEMA += """
# How often the user listened to an artist of the past, as a logarithm: the counts span five powers of ten.
[[event]]
modality = "Number"
column = "log_listens"

[[task]]
task = "Match"
"""


def convert(source: str | Path, destination: str | Path) -> Path:
    """Write Last.fm-2K: 56,345 pairs of 1,858 users and 1,425 artists in their given split.

    `events.csv` holds user_id, item_id, listens, log_listens (natural logarithm) and split, in the order of
    the source; `items.csv` item_id, name and tags (separated by ``|``); `users.csv` user_id and friends (ids
    separated by ``|``), which no feature of the schema reads. The three arrays of vectors are copied: their
    rows are the rows of `items.csv`. `load` takes the column `split` by itself, since there is no order.

    Args:
        source: the folder of these files, or one that holds it as `lastfm-2k/`.
        destination: the folder to make; its parents are made too. It appears whole or not at all.

    Returns:
        `destination`. Where it already is the conversion of the same source, nothing is written: a
        `schema.toml` edited there stays as it is.

    Raises:
        ValueError: a file is missing or malformed, or `destination` holds something else.
    """
    root = find_root(Path(source), _FILES, "lastfm-2k")

    def write(folder: Path) -> None:
        items = list(_items(root / "items.csv"))
        write_csv(folder / "items.csv", ("item_id", "name", "tags"), items)
        for name in _VECTORS:
            copy_vectors(root / f"{name}.npy", folder / f"{name}.npy", len(items))
        users: dict[str, None] = {}
        columns = ("user_id", "item_id", "listens", "log_listens", "split")
        write_csv(folder / "events.csv", columns, _events(root / "interactions.csv", users))
        friends = defaultdict(list)
        for row in read_csv(root / "friends.csv", "user", "friend"):
            friends[row["user"]].append(row["friend"])
        people = ((user, "|".join(friends[user])) for user in users)
        write_csv(folder / "users.csv", ("user_id", "friends"), people)

    return Conversion(
        dataset="lastfm-2k",
        version=1,
        root=root,
        files=_FILES,
        schema=_SCHEMA,
        writes=("items.csv", "users.csv", "events.csv", *(f"{name}.npy" for name in _VECTORS)),
        write=write,
    ).into(Path(destination))


def _items(path: Path) -> Iterator[tuple[str, str, str]]:
    for number, row in enumerate(read_csv(path, "item", "name", "tags")):
        if row["item"] != str(number):
            raise ValueError(
                f"Expected the items of {path} to be numbered 0, 1, 2, … like the rows of the vectors, got "
                f"{row['item']!r} as item {number}. Is the table sorted, and whole?"
            )
        tags = (one_line(tag) for tag in row["tags"].replace("|", " ").split(","))
        yield row["item"], one_line(row["name"]), "|".join(tag for tag in tags if tag)


def _events(path: Path, users: dict[str, None]) -> Iterator[tuple[str, ...]]:
    """The rows of the events; `users` gets the users in their order."""
    for line, row in enumerate(read_csv(path, "user", "item", "listens", "split"), 2):
        listens = row["listens"] or ""
        if not listens.isdecimal() or int(listens) < 1 or row["split"] not in _SPLITS:
            raise ValueError(
                f"Expected listens of 1 or more and a split of {', '.join(_SPLITS)} in {path}, got "
                f"{listens!r} and {row['split']!r} in line {line}. Is it the right file, and whole?"
            )
        users[row["user"]] = None
        yield row["user"], row["item"], listens, f"{math.log(int(listens)):.4f}", row["split"]
