"""A converted data folder with some of its tables changed."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tfmmrec.aside import folder_aside, take_place

Rows = list[dict[str, str]]
Change = Callable[[Rows, Path], Rows]
"""Rows, a dict by column each, and the data folder of the benchmarks → the rows to write."""


def rewritten(convert: Callable[[str, Path], Path], **changes: Change) -> Callable[[str, Path], Path]:
    """A converter whose tables are changed before anything reads them.

    Args:
        convert: source and destination → the data folder.
        changes: by table (``items``, ``events``) what becomes of its rows; all get the first one's columns.
    """

    def prepare(source: str, destination: Path) -> Path:
        original = convert(source, destination.with_name(f"{destination.name}-as-converted"))
        if destination.is_dir():
            return destination
        with folder_aside(destination) as aside:
            shutil.copytree(original, aside, copy_function=os.link, dirs_exist_ok=True)
            for table, change in changes.items():
                with (original / f"{table}.csv").open(newline="", encoding="utf-8") as file:
                    rows = change(list(csv.DictReader(file)), Path(source))
                (aside / f"{table}.csv").unlink()  # a link: the original is not to be written over
                with (aside / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
                    writer = csv.DictWriter(file, list(rows[0]))
                    writer.writeheader()
                    writer.writerows(rows)
            take_place(aside, destination)
        return destination

    return prepare
