"""A catalogue and known users as files, for an export in a process of its own. No pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data.dataset import Catalogue, Features
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.schema import Schema

_ARRAYS = ("start", "item", "time", "seen_start", "seen")


def save_catalogue(catalogue: Catalogue, folder: Path) -> None:
    """Writes a catalogue into an empty folder."""
    plain = {
        "schema": catalogue.schema.to_dict(),
        "vocabulary": catalogue.vocabulary.to_dict(),
        "item_ids": list(catalogue.item_ids),
    }
    _write(folder / "catalogue.json", plain)
    _save(folder / "popularity.npy", catalogue.popularity)
    _save_features(folder / "items", catalogue.items)


def open_catalogue(folder: Path) -> Catalogue:
    """The way back from `save_catalogue`; arrays stay on disk and are read where they are used."""
    plain = json.loads((folder / "catalogue.json").read_text("utf-8"))
    return Catalogue(
        Schema.from_dict(plain["schema"]),
        Vocabulary.from_dict(plain["vocabulary"]),
        plain["item_ids"],
        _open_features(folder / "items"),
        _open(folder / "popularity.npy"),
    )


def save_users(users: KnownUsers, folder: Path) -> None:
    """Writes known users into an empty folder."""
    _write(folder / "users.json", list(users.ids))
    for name in _ARRAYS:
        _save(folder / f"{name}.npy", getattr(users, name))
    _save_features(folder / "events", users.events)
    _save_features(folder / "features", users.features)


def open_users(folder: Path) -> KnownUsers:
    """The way back from `save_users`."""
    return KnownUsers(
        ids=json.loads((folder / "users.json").read_text("utf-8")),
        events=_open_features(folder / "events"),
        features=_open_features(folder / "features"),
        **{name: _open(folder / f"{name}.npy") for name in _ARRAYS},
    )


def _write(path: Path, plain: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain, ensure_ascii=False), "utf-8")


def _save(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array, allow_pickle=False)


def _open(path: Path) -> np.ndarray:
    return np.load(path, mmap_mode="r", allow_pickle=False)


def _save_features(folder: Path, features: Features) -> None:
    for feature, parts in features.items():
        for part, array in parts.items():
            _save(folder / feature / f"{part}.npy", array)


def _open_features(folder: Path) -> Features:
    return {
        feature.name: {part.stem: _open(part) for part in feature.glob("*.npy")}
        for feature in (folder.iterdir() if folder.is_dir() else ())
    }
