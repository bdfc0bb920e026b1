"""Prepared data on disk: plain ``.npy`` arrays, ids as JSON, and a manifest. No pickle, no TensorFlow.

* ``manifest.json``: format, schema, vocabulary, split_sha256, problems, books, fingerprint, checksums;
* ``item_ids.json``, ``user_ids.json``: lists of strings;
* ``events/<name>.npy``: start, item, time and split; ``labels/<task>.npy``, ``weights/<task>.npy``;
* ``item_features/<feature>/<part>.npy``, and the same for users and events;
* ``item_attributes/<feature>/<part>.npy``; shards that were written before there were any lack them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.aside import folder_aside, take_place
from tfmmrec.data.dataset import Data, Events, Features
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.schema import Schema

_FORMAT = "tfmmrec shards"
_VERSION = 2
_MANIFEST = "manifest.json"
_ATTRIBUTES = "item_attributes"


def write(data: Data, folder: str | Path, fingerprint: dict[str, Any] | None = None) -> None:
    """Writes prepared data. The folder appears whole or not at all; earlier shards are replaced.

    Args:
        data: what to write.
        folder: new, empty, or earlier shards. Its parents are made too.
        fingerprint: what the data was made of, in plain values; `holds` compares it.

    Raises:
        ValueError: the folder holds something else than shards.
        OSError: the disk is full, or nothing may be written there.
    """
    target = Path(folder).absolute()
    _check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    with folder_aside(target) as aside:
        new = aside / "new"
        _write_files(data, new, fingerprint)
        if fingerprint is not None and holds(target, fingerprint):
            return  # another process was faster, and may be reading them
        try:
            take_place(new, target)
        except OSError:
            if fingerprint is None or not holds(target, fingerprint):
                raise


def holds(folder: str | Path, fingerprint: dict[str, Any]) -> bool:
    """Whether a folder holds shards of this fingerprint, in the format of this version.

    Raises:
        ValueError: it holds something else than shards, which must not be replaced.
    """
    return made_of(folder) == json.loads(json.dumps(fingerprint))


def made_of(folder: str | Path) -> dict[str, Any] | None:
    """The fingerprint of the shards in a folder; None where there are none in the format of this version.

    Raises:
        ValueError: it holds something else than shards, which must not be replaced.
    """
    folder = Path(folder)
    _check_target(folder)
    if not (folder / _MANIFEST).is_file():
        return None
    manifest = _manifest(folder)
    return manifest["fingerprint"] if manifest["version"] == _VERSION else None


def open_shards(folder: str | Path, verify: bool = False) -> Data:
    """Opens prepared data. Arrays stay on disk and are read where they are used.

    Args:
        folder: written by `write`, or by ``load(..., prepared=folder)``.
        verify: read every file first and compare its checksum.

    Raises:
        ValueError: there are no shards, they are of another version, or a file is missing or damaged.
    """
    folder = Path(folder)
    if not (folder / _MANIFEST).is_file():
        raise ValueError(
            f"{str(folder)!r} holds no prepared shards: there is no {_MANIFEST}. load(..., prepared=folder) "
            "writes them."
        )
    manifest = _manifest(folder)
    if manifest["version"] != _VERSION:
        raise ValueError(
            f"The shards in {str(folder)!r} are of version {manifest['version']}, and this library reads "
            f"version {_VERSION}: prepare the data again."
        )
    for file, checksum in manifest["checksums"].items() if verify else ():
        if not (folder / file).is_file():
            raise _damaged(folder, file, "it is missing")
        if _checksum(folder / file) != checksum:
            raise _damaged(folder, file, "its checksum differs from the manifest's")
    arrays = {name: _open_array(folder, name, entry) for name, entry in manifest["arrays"].items()}
    return Data(
        Schema.from_dict(manifest["schema"]),
        Vocabulary.from_dict(manifest["vocabulary"]),
        _read_ids(folder, "item_ids.json"),
        _read_ids(folder, "user_ids.json"),
        _features(arrays, manifest, "item"),
        _features(arrays, manifest, "user"),
        Events(
            **_group(arrays, "events"),
            features=_features(arrays, manifest, "event"),
            labels=_group(arrays, "labels"),
            weights=_group(arrays, "weights"),
        ),
        manifest["split_sha256"],
        manifest["problems"],
        manifest["books"],
        _attributes(arrays),
    )


def _arrays(data: Data) -> dict[str, np.ndarray]:
    """Every array under its path, without the ending."""
    events = data.events
    arrays = {f"events/{name}": getattr(events, name) for name in ("start", "item", "time", "split")}
    for side, features in (("item", data.items), ("user", data.users), ("event", events.features)):
        for feature, parts in features.items():
            arrays |= {f"{side}_features/{feature}/{part}": array for part, array in parts.items()}
    for feature, parts in data.attributes.items():
        arrays |= {f"{_ATTRIBUTES}/{feature}/{part}": array for part, array in parts.items()}
    arrays |= {f"labels/{task}": array for task, array in events.labels.items()}
    return arrays | {f"weights/{task}": array for task, array in events.weights.items()}


def _group(arrays: dict[str, np.ndarray], group: str) -> dict[str, np.ndarray]:
    return {name.split("/")[1]: array for name, array in arrays.items() if name.split("/")[0] == group}


def _features(arrays: dict[str, np.ndarray], manifest: dict[str, Any], side: str) -> Features:
    features: Features = {feature: {} for feature in manifest["vocabulary"]["features"][side]}
    for name, array in arrays.items():
        group, *rest = name.split("/")
        if group == f"{side}_features":
            features[rest[0]][rest[1]] = array
    return features


def _attributes(arrays: dict[str, np.ndarray]) -> Features:
    attributes: Features = {}
    for name, array in arrays.items():
        group, *rest = name.split("/")
        if group == _ATTRIBUTES:
            attributes.setdefault(rest[0], {})[rest[1]] = array
    return attributes


def _write_files(data: Data, folder: Path, fingerprint: dict[str, Any] | None) -> None:
    arrays = _arrays(data)
    for name, array in arrays.items():
        path = folder / f"{name}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, array, allow_pickle=False)
    for file, ids in (("item_ids.json", data.item_ids), ("user_ids.json", data.user_ids)):
        (folder / file).write_text(json.dumps(list(ids), ensure_ascii=False), "utf-8")
    files = [*(f"{name}.npy" for name in arrays), "item_ids.json", "user_ids.json"]
    manifest = {
        "format": _FORMAT,
        "version": _VERSION,
        "schema": data.schema.to_dict(),
        "vocabulary": data.vocabulary.to_dict(),
        "split_sha256": data.split_sha256,
        "problems": data.problems,
        "books": data.books,
        "fingerprint": fingerprint,
        "arrays": {name: {"dtype": str(a.dtype), "shape": list(a.shape)} for name, a in arrays.items()},
        "checksums": {file: _checksum(folder / file) for file in files},
    }
    (folder / _MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), "utf-8")


def _check_target(folder: Path) -> None:
    """Checks that no more than earlier shards would be replaced.

    Raises:
        ValueError: the folder holds something else.
    """
    if folder.is_dir():
        if (folder / _MANIFEST).is_file():
            _manifest(folder)
            return
        if not any(folder.iterdir()):
            return
    elif not folder.exists():
        return
    raise ValueError(
        f"{str(folder)!r} is not empty and holds no prepared shards, so nothing is written there. Give the "
        "name of a new folder."
    )


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json.loads((folder / _MANIFEST).read_text("utf-8"))
    except ValueError as error:  # no JSON, no UTF-8
        raise _damaged(folder, _MANIFEST, str(error)) from error
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        raise ValueError(f"{str(folder / _MANIFEST)!r} is not the manifest of prepared shards.")
    return manifest


def _open_array(folder: Path, name: str, entry: dict[str, Any]) -> np.ndarray:
    file = f"{name}.npy"
    try:
        array = np.load(folder / file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(folder, file, str(error)) from error
    if (str(array.dtype), list(array.shape)) != (entry["dtype"], entry["shape"]):
        came = f"{array.dtype} {list(array.shape)}"
        raise _damaged(folder, file, f"it holds {came} instead of {entry['dtype']} {entry['shape']}")
    return array


def _read_ids(folder: Path, file: str) -> list[str]:
    try:
        return json.loads((folder / file).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(folder, file, str(error)) from error


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(folder: Path, file: str, why: str) -> ValueError:
    return ValueError(
        f"Shard file {file!r} in {str(folder)!r} is damaged: {why}. Delete the folder and prepare again."
    )
