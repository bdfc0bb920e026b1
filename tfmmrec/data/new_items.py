"""Items that came after the training: read from a table, prepared by what the training rows taught."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tfmmrec.data.attributes import item_attributes
from tfmmrec.data.dataset import Features
from tfmmrec.data.dead_letters import DeadLetters, check_place
from tfmmrec.data.decoding import Decoding
from tfmmrec.data.event_log import rows_by_id
from tfmmrec.data.features import Progress, prepare_feature
from tfmmrec.data.readers import check_folder, find_table, read_table
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.modalities import Modality
from tfmmrec.schema import Schema


@dataclass(frozen=True)
class NewItems:
    """Some items.

    Attributes:
        ids: ``[N]``, each once, in the order of the table.
        items: features by row, ``[N, …]`` by feature and part.
        attributes: see `item_attributes`.
        problems: count of rows and cells that cannot be used, by reason.
        books: the table's ``"rows"`` = ``"used"`` + ``"dead"`` + ``"left out"``.
    """

    ids: Sequence[str]
    items: Features
    attributes: Features
    problems: dict[str, int]
    books: dict[str, int]


def load_items(
    path: str | Path,
    schema: Schema,
    vocabulary: Vocabulary,
    features: Sequence[Modality],
    strict: bool = False,
    max_dead: float = 0.5,
    dead_letters: str | Path | None = None,
    progress: Progress | None = None,
) -> NewItems:
    """Reads a table of items and their media; nothing is learnt from them.

    Args:
        path: a data folder with the table ``items``, or the table's file; media are named relative to its
            folder.
        schema: what the columns are.
        vocabulary: what the training rows taught, with terms.
        features: of the schema's items, those to prepare.
        strict, max_dead, dead_letters, progress: see `load`.

    Raises:
        ValueError: the table cannot be used, too much of it is dead, or vectors are of another length than
            in training.
    """
    if dead_letters is not None:
        check_place(dead_letters)
    path = Path(path)
    folder = check_folder(path.parent if path.is_file() else path)
    entry = schema.tables.get("items")
    if path.is_file():
        entry = {**(entry if isinstance(entry, dict) else {}), "file": path.name}
    table_path = find_table(folder, "items", entry, "it holds the items to add")
    assert table_path is not None  # it is needed, so that its lack is an error
    named = [feature for feature in features if feature.in_table]
    wanted = {schema.item_id: "item_id"}
    wanted |= {feature.column: f'{type(feature).__name__}("{feature.column}")' for feature in named}
    letters, decoding = DeadLetters(strict), Decoding(folder, None)
    try:
        table = read_table(folder, table_path, "items", wanted, letters, entry=entry)
        known = rows_by_id(table, schema.item_id, letters)
        letters.check_share({"items": table.met}, max_dead)
        ids, rows = list(known), np.asarray(list(known.values()), "int64")
        if not ids:
            raise ValueError(f"Table 'items' ({table.file}) has no row that can be used: nothing is added.")
        trained = np.zeros(len(ids), bool)
        states = vocabulary.features["item"]
        items = {}
        for feature in features:
            state = states[feature.name]
            _, items[feature.name] = prepare_feature(
                feature, ids, table, rows, trained, decoding, letters, progress or _silent, state
            )
        letters.check_share({"items": table.met}, max_dead)
    finally:
        if dead_letters is not None:
            letters.write(dead_letters)
    books = letters.balance("items", table.met, len(ids))
    return NewItems(ids, items, item_attributes(features, table, rows), letters.counts(), books)


def _silent(stage: str, done: int, total: int) -> None:
    pass
