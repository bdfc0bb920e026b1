"""What an export is made from as files: for a process of its own, and for versions to come. No pickle."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfmmrec.data.dataset import Catalogue, Features
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.reordering import CANDIDATES
from tfmmrec.export.search import SearchVectors
from tfmmrec.models import Recommender
from tfmmrec.schema import Schema

_SETTINGS = ("index", "filters", "candidates", "updatable")
_ARRAYS = ("start", "item", "time", "seen_start", "seen")


@dataclass(frozen=True)
class Given:
    """Everything an export is made from.

    Attributes:
        model: what answers.
        catalogue: the items; where there are `vectors`, their features may be left out (``items={}``).
        users: known users; None is the same as nobody.
        index, filters, candidates, updatable: see `tfmmrec.export.export`.
        vectors: float32 ``[N, D]``: of the catalogue's items; None: the model makes them, and `search`.
        search: what the items are searched by; None: they are not.
    """

    model: Recommender
    catalogue: Catalogue
    users: KnownUsers | None = None
    index: Any = "exact"
    filters: Sequence[str] = ()
    candidates: int = CANDIDATES
    updatable: bool = True
    vectors: np.ndarray | None = None
    search: SearchVectors | None = None

    def save(self, folder: Path) -> None:
        """Writes everything into a folder, which is made."""
        folder.mkdir(parents=True, exist_ok=True)
        self.model.sync()
        _bare(self.model).save(folder / "model.keras")
        save_catalogue(self.catalogue, folder / "catalogue")
        if self.users is not None:
            save_users(self.users, folder / "users")
        if self.vectors is not None:
            _save(folder / "vectors.npy", self.vectors)
        if self.search is not None:
            _save(folder / "search" / "vectors.npy", self.search.vectors)
            _save(folder / "search" / "queries.npy", self.search.queries)
        # an index that was given as a class is known by its name
        settings = {name: getattr(self, name) for name in _SETTINGS}
        plain = json.dumps(settings, default=lambda one: getattr(one, "__name__", str(one)))
        (folder / "settings.json").write_text(plain, "utf-8")

    @classmethod
    def open(cls, folder: Path) -> Given:
        """The way back from `save`; arrays stay on disk and are read where they are used."""
        vectors, queried = folder / "vectors.npy", folder / "search"
        return cls(
            keras.saving.load_model(folder / "model.keras", compile=False),
            open_catalogue(folder / "catalogue"),
            open_users(folder / "users") if (folder / "users").is_dir() else None,
            vectors=_open(vectors) if vectors.is_file() else None,
            search=SearchVectors(_open(queried / "vectors.npy"), _open(queried / "queries.npy"))
            if queried.is_dir()
            else None,
            **json.loads((folder / "settings.json").read_text("utf-8")),
        )


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
    _save_features(folder / "attributes", catalogue.attributes)


def open_catalogue(folder: Path) -> Catalogue:
    """The way back from `save_catalogue`; arrays stay on disk and are read where they are used."""
    plain = json.loads((folder / "catalogue.json").read_text("utf-8"))
    return Catalogue(
        Schema.from_dict(plain["schema"]),
        Vocabulary.from_dict(plain["vocabulary"]),
        plain["item_ids"],
        _open_features(folder / "items"),
        _open(folder / "popularity.npy"),
        _open_features(folder / "attributes"),
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


def _bare(model: Recommender) -> Recommender:
    """The model without what training alone needs: an optimizer of twice its size, and auxiliary heads."""
    if getattr(model, "optimizer", None) is None and model.auxiliary is None:
        return model
    bare = type(model).from_config(model.serving_config())
    for name in ("item_tower", "user_tower", "ranker", "item_vectors"):  # together all that answers
        if (part := getattr(model, name)) is not None:
            getattr(bare, name).set_weights(part.get_weights())
    return bare


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
