"""A converted data folder with its table of items changed."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from tfmmrec.aside import folder_aside, take_place

Rows = list[dict[str, str]]


def rewritten(
    convert: Callable[[str, Path], Path], change: Callable[[Rows], Rows]
) -> Callable[[str, Path], Path]:
    """A converter whose ``items.csv`` is changed before anything reads it.

    Args:
        convert: source and destination → the data folder.
        change: the rows, a dict by column each → the rows to write; all with the same columns.
    """

    def prepare(source: str, destination: Path) -> Path:
        original = convert(source, destination.with_name(f"{destination.name}-as-converted"))
        if destination.is_dir():
            return destination
        with folder_aside(destination) as aside:
            shutil.copytree(original, aside, copy_function=os.link, dirs_exist_ok=True)
            with (original / "items.csv").open(newline="", encoding="utf-8") as file:
                rows = change(list(csv.DictReader(file)))
            (aside / "items.csv").unlink()  # a link: the original is not to be written over
            with (aside / "items.csv").open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
            take_place(aside, destination)
        return destination

    return prepare
