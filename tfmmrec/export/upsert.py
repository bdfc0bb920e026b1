"""The next version of an export, without training: with other items, or with another index.

It is made from what the export kept (``assets.extra/kept``; see `export`). What was encoded stays as it is
stored; the model is the same. The version before stays, and the next one appears whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec import retrieval
from tfmmrec.aside import sweep
from tfmmrec.data.attributes import join_attributes, take_attributes
from tfmmrec.data.features import Progress
from tfmmrec.data.new_items import load_items
from tfmmrec.export.about import is_made_of
from tfmmrec.export.export import checked_settings
from tfmmrec.export.handover import Given
from tfmmrec.export.saved_model import KEPT
from tfmmrec.export.versions import latest_version, next_version, write_version
from tfmmrec.members import chosen, find, suggestion
from tfmmrec.modalities import Id
from tfmmrec.retrieval import Index


@dataclass(frozen=True)
class Update:
    """What became of an export.

    Attributes:
        path: of the version that has it now: the next one, or the latest where that was made of the same.
        items: in the catalogue now.
        added, replaced, removed: ids of items.
        events: of known users' histories, those that went with removed items.
        problems: count of rows and cells of the new items that cannot be used, by reason.
    """

    path: Path
    items: int
    added: Sequence[str] = ()
    replaced: Sequence[str] = ()
    removed: Sequence[str] = ()
    events: int = 0
    problems: dict[str, int] = field(default_factory=dict)


def add_items(
    path: str | Path,
    items: str | Path,
    strict: bool = False,
    max_dead: float = 0.5,
    dead_letters: str | Path | None = None,
    progress: Progress | None = None,
) -> Update:
    """Encodes new items by the exported model and writes the next version, which answers with them, too.

    An item whose id is there already gets its new content, in vector and attributes; all others, and the
    known users, stay as they are. A new id was never trained: where the model reads ids, it counts for
    nothing, and the content alone carries the item. Terms that the training did not meet stay unknown to the
    model; filters know them.

    Args:
        path: of a model, whose latest version is taken, or of one of its versions.
        items: a data folder with the table ``items`` and its media, or the table's file.
        strict, max_dead, dead_letters, progress: see `tfmmrec.data.load`.

    Raises:
        ValueError: there is no such export, it keeps nothing, its model reads ids alone, or the items cannot
            be used.
        OSError: the disk is full, or nothing may be written there.
    """
    source, latest, given = _open(path)
    model, catalogue = given.model, given.catalogue
    if all(isinstance(feature, Id) for feature in model.schema.features("item")):
        raise ValueError(
            "The model reads nothing of an item but its id, and an id that was not in the training tells it "
            "nothing: no item can be added. Train with features of the items, or train again with events of "
            "the new ones."
        )
    read = {feature.name for feature in model.schema.features("item")} | set(catalogue.attributes)
    features = [feature for feature in catalogue.schema.features("item") if feature.name in read]
    new = load_items(
        items, catalogue.schema, catalogue.vocabulary, features, strict, max_dead, dead_letters, progress
    )
    encoded = model.encode_items(new.items, batch=min(512, len(new.ids)))

    ids = list(catalogue.item_ids)
    number = {one: row for row, one in enumerate(ids)}
    rows = list(range(len(ids)))  # of the old items with the new ones behind them
    for place, one in enumerate(new.ids, len(ids)):
        if one in number:
            rows[number[one]] = place
        else:
            rows.append(place)
    added = [one for one in new.ids if one not in number]
    joined = replace(
        catalogue,
        item_ids=ids + added,
        vocabulary=replace(catalogue.vocabulary, items=len(rows)),
        popularity=np.concatenate([catalogue.popularity, np.zeros(len(added), "int64")]),
        attributes=take_attributes(join_attributes(catalogue.attributes, new.attributes), np.asarray(rows)),
    )
    vectors = np.concatenate([_vectors(given), encoded["vector"]])[rows]
    search = given.search
    if search is not None:
        search = replace(search, vectors=np.concatenate([search.vectors, encoded["search"]])[rows])
    changed = replace(given, catalogue=joined, vectors=vectors, search=search)
    written = _write(latest, changed, progress)
    replaced = [one for one in new.ids if one in number]
    return Update(written, len(rows), added, replaced, problems=new.problems)


def remove_items(path: str | Path, ids: Sequence[str], progress: Progress | None = None) -> Update:
    """Writes the next version, which does not know these items.

    Known users' events of them go, too, from histories and from what was seen: there is no vector to read
    them by. What such a user is recommended may change; of all others it does not.

    Args:
        path: of a model, whose latest version is taken, or of one of its versions.
        ids: of items of the catalogue; one that is named twice counts once.
        progress: see `tfmmrec.export.export`.

    Raises:
        ValueError: there is no such export, it keeps nothing, an id is unknown, or no item would be left.
        OSError: the disk is full, or nothing may be written there.
    """
    source, latest, given = _open(path)
    catalogue = given.catalogue
    if isinstance(ids, str) or not len(ids):
        raise ValueError(f"ids is a list of the ids of items to remove, such as ['f1', 'f2']; got {ids!r}.")
    gone = dict.fromkeys(ids)
    there = set(catalogue.item_ids)
    unknown = [one for one in gone if one not in there]
    if unknown:
        more = f", nor {len(unknown) - 1:,} others of the {len(gone):,} ids" if len(unknown) > 1 else ""
        raise ValueError(
            f"{str(source)!r} has no item {unknown[0]!r}{more}; nothing is removed."
            f"{suggestion(unknown[0], catalogue.item_ids)} Ids are case-sensitive, and may be gone already."
        )
    kept = np.asarray([one not in gone for one in catalogue.item_ids])
    if not kept.any():
        raise ValueError(
            f"All {len(kept):,} items would be removed, and an export answers with some. Keep one, or "
            "take the version down."
        )
    vocabulary = catalogue.vocabulary
    trained = int(kept[: vocabulary.trained_items].sum())
    rows = np.flatnonzero(kept)
    left = replace(
        catalogue,
        item_ids=[catalogue.item_ids[row] for row in rows.tolist()],
        vocabulary=replace(vocabulary, items=len(rows), trained_items=trained),
        popularity=catalogue.popularity[rows],
        attributes=take_attributes(catalogue.attributes, rows),
    )
    users = given.users.keeping(kept) if given.users is not None else None
    events = len(given.users.item) - len(users.item) if given.users is not None and users is not None else 0
    vectors, search = _vectors(given)[rows], given.search
    if search is not None:
        search = replace(search, vectors=np.asarray(search.vectors)[rows])
    changed = replace(given, catalogue=left, users=users, vectors=vectors, search=search)
    written = _write(latest, changed, progress)
    return Update(written, len(rows), removed=list(gone), events=events)


def rebuild(
    path: str | Path,
    index: Any = None,
    filters: Sequence[str] | None = None,
    candidates: int | None = None,
    progress: Progress | None = None,
) -> Update:
    """Writes the next version with the same items and users, and another index or other settings.

    Args:
        path: of a model, whose latest version is taken, or of one of its versions.
        index, filters, candidates: see `tfmmrec.export.export`; None leaves them as they are.
        progress: see `tfmmrec.export.export`.

    Raises:
        ValueError: there is no such export, it keeps nothing, or there is no such index, setting or filter.
        OSError: the disk is full, or nothing may be written there.
    """
    source, latest, given = _open(path)
    asked = {"index": index, "filters": filters, "candidates": candidates}
    changed = replace(given, **{name: value for name, value in asked.items() if value is not None})
    find(retrieval, Index, chosen(changed.index)["name"])
    checked = checked_settings(given.model, given.catalogue, changed.filters, changed.candidates)
    written = _write(latest, replace(changed, filters=checked), progress)
    return Update(written, len(given.catalogue.item_ids))


def _open(path: str | Path) -> tuple[Path, Path, Given]:
    """The version that a path means, the latest that there is beside it, and what it was made from."""
    path = Path(os.path.abspath(path))
    is_version = (path / "saved_model.pb").is_file()
    folder = path.parent if is_version else path
    sweep(folder)  # puts a version back that a killed process was just replacing
    latest = latest_version(folder)
    version = path if is_version else latest
    if not (version / "saved_model.pb").is_file():
        raise ValueError(
            f"There is no export in {str(path)!r}: expected a model's folder with versions in it, such as "
            "savedmodels/films, or one of its versions. `tfmmrec export` writes them."
        )
    if not (version / KEPT / "settings.json").is_file():
        raise ValueError(
            f"{str(version)!r} does not keep what it was made from ({KEPT}): it was exported without "
            "(updatable=False, --not-updatable), or by an earlier version of the library. Export the run "
            "again."
        )
    return version, latest, Given.open(version / KEPT)


def _vectors(given: Given) -> np.ndarray:
    """Of all items, as they are stored: `write_saved_model` keeps them always."""
    assert given.vectors is not None
    return np.asarray(given.vectors)


def _write(latest: Path, given: Given, progress: Progress | None) -> Path:
    """Writes the next version, unless the latest one was made of the same: then this is done already.

    Raises:
        ValueError: the latest version is another one by now, whose changes would be lost.
    """
    now = latest_version(latest.parent)
    if now != latest:
        raise ValueError(
            f"Another process has written {str(now)!r} meanwhile, and its changes would be lost. Do it again."
        )
    if is_made_of(latest, given):
        return latest
    return write_version(next_version(latest.parent), given, progress)
