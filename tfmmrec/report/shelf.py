"""Titles and pictures of items as people see them, from the data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.event_log import rows_by_id
from tfmmrec.data.readers import check_folder, find_table, read_table
from tfmmrec.modalities import Image
from tfmmrec.modalities.media import Medium, media_by_id, media_of
from tfmmrec.schema import Schema

_TITLES = ("title", "name", "headline", "label")


@dataclass(frozen=True)
class Card:
    """An item as a person sees it.

    Attributes:
        title: its title, or its id where there is none.
        picture: its bytes, or None: the title then stands in its place.
        framed: whether it is the item that was held out.
    """

    title: str
    picture: bytes | None = None
    framed: bool = False


@dataclass(frozen=True)
class Shelf:
    """What stands in the items table for people to read and look at.

    Attributes:
        titles: id → title, of the items that have one.
        pictures: id → where it is, of the items that have one.
    """

    titles: dict[str, str]
    pictures: dict[str, Medium]

    @classmethod
    def of(cls, folder: str | Path, schema: Schema) -> Shelf:
        """Reads the items table: its column ``title`` (or ``name``), and the first `Image` of the schema.

        Ids are read as `load` reads them, and of several rows of one id the first counts. A table without
        such columns, or no table, gives an empty shelf: ids then stand for titles.

        Raises:
            ValueError: there is no such folder, or its items table cannot be read.
        """
        folder = check_folder(folder)
        entry = schema.tables.get("items")
        path = find_table(folder, "items", entry)
        if path is None:
            return cls({}, {})
        image = next((feature for feature in schema.item if isinstance(feature, Image)), None)
        wanted = {schema.item_id: "item_id"} | ({image.column: "Image"} if image and image.in_table else {})
        table = read_table(folder, path, "items", wanted, DeadLetters(), _TITLES, entry)
        by_row = rows_by_id(table, schema.item_id, DeadLetters())
        ids, rows = list(by_row), np.asarray(list(by_row.values()), "int64")
        title = next((name for name in _TITLES if name in table.columns), None)
        titles = dict(zip(ids, table.cells(title, rows), strict=True)) if title else {}
        cells: list[Any] = [None] * len(ids)
        if image and image.in_table:
            cells = list(table.cells(image.column, rows))
        elif image:
            by_id = media_by_id(folder, image.folder, image.endings)
            cells = [by_id.get(one) for one in ids]
        pictures: dict[str, Medium] = {}
        for one, cell in zip(ids, cells, strict=True):
            try:
                files = media_of(cell, folder, folders=image is not None and not image.in_table)
            except (ValueError, OSError):
                continue  # reported when the data was prepared; a placeholder stands in for it
            if files:
                pictures[one] = files[0]
        return cls({one: str(text) for one, text in titles.items() if text}, pictures)

    def title(self, item_id: str) -> str:
        """An item's title, or its id where it has none."""
        return self.titles.get(item_id, item_id)

    def card(self, item_id: str, framed: bool = False) -> Card:
        """An item as a card of a strip."""
        try:
            picture = self.pictures[item_id].read()
        except (KeyError, ValueError, OSError):
            picture = None
        return Card(self.title(item_id), picture, framed)
