"""A small data folder with a pattern a model can learn: events walk round a circle of items."""

import csv
from pathlib import Path

from tfmmrec.modalities import Category, History, Number, Tags
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match, Multiclass, NextItem, Rating

ITEMS, USERS, EVENTS = 24, 40, 10


def write(folder: Path) -> Path:
    """Writes events.csv and items.csv: user u meets items u, u + 1, u + 2, … (mod 24)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item_id", "year", "genres"])
        for item in range(ITEMS):
            table.writerow([f"i{item}", "" if item == 5 else 1950 + item, f"g{item % 4}|h{item % 3}"])
    with (folder / "events.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["user_id", "item_id", "timestamp", "kind", "like", "rating", "mood"])
        for user in range(USERS):
            for step in range(EVENTS):
                item = (user + step) % ITEMS
                like = "" if step == 2 else int(item < ITEMS / 2)
                table.writerow(
                    [
                        f"u{user}",
                        f"i{item}",
                        1000 * user + 60 * step,
                        "view",
                        like,
                        1 + item % 5,
                        "abc"[item % 3],
                    ]
                )
    return folder


def schema(ordered: bool = True) -> Schema:
    """Ids, a number and tags; every kind of task."""
    retrieval = NextItem() if ordered else Match()
    return Schema(
        item=[Number("year"), Tags("genres")],
        event=[Category("kind")] if ordered else (),
        tasks=[retrieval, Binary("like"), Rating("rating", weight=0.5), Multiclass("mood")],
        timestamp="timestamp" if ordered else None,
        history=History(length=6, layers=1, heads=2, dropout=0.0),
    )
