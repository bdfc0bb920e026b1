"""Three users and four items, by hand: u met a, b and c in training, v a and b (twice), w a and d."""

from collections.abc import Mapping, Sequence
from pathlib import Path

EVENTS = {
    "u": {"train": "abc", "test": "d"},
    "v": {"train": "bab", "valid": "c", "test": "d"},
    "w": {"train": "ad", "valid": "b", "test": "c"},
}


def write(folder: Path, items: Sequence[str], others: Mapping[str, Mapping[str, str]] | None = None) -> None:
    """Writes their events, and the items.

    Args:
        folder: that gets the tables.
        items: lines of the table of items, its header first.
        others: events of more users, as `EVENTS`.
    """
    rows = [
        f"{user},{item},{split}"
        for user, splits in (EVENTS | (others or {})).items()
        for split, of_split in splits.items()
        for item in of_split
    ]
    (folder / "events.csv").write_text("\n".join(["user_id,item_id,split", *rows]) + "\n")
    (folder / "items.csv").write_text("\n".join(items) + "\n")
