"""From a trained model and its catalogue to one SavedModel in TensorFlow Serving's layout."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import keras

import tfmmrec
from tfmmrec import retrieval
from tfmmrec.aside import folder_aside, sweep, take_place, written_elsewhere
from tfmmrec.data.dataset import Catalogue
from tfmmrec.export.about import is_made_of
from tfmmrec.export.handover import save_catalogue, save_users
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.saved_model import write_saved_model
from tfmmrec.members import find
from tfmmrec.models import Recommender
from tfmmrec.retrieval import Index
from tfmmrec.schema import SIDES


def export(
    model: Recommender,
    catalogue: Catalogue,
    path: str | Path,
    users: KnownUsers | None = None,
    index: Any = "exact",
    overwrite: bool = False,
) -> Path:
    """Writes everything a product asks of a model as one SavedModel; see `Signatures` and `CONVENTIONS`.

    It stands on TensorFlow's own operations, which is checked. A model that was trained on another backend is
    exported by a process of its own that runs on tensorflow, on the CPU. The folder appears whole or not
    at all; TensorFlow Serving never sees half a version. A version that is there and was made from exactly
    these things is left as it is (see `is_made_of`), so that an export may be started again whatever
    interrupted it.

    Args:
        model: trained, or loaded from a run.
        catalogue: the items to answer with: ``data.catalogue``.
        path: a new version of a served model, as in ``savedmodels/demo/1``.
        users: users to know by their ids: ``KnownUsers.of(data)``. Without them, users are known by the
            history that a request brings.
        index: how the best items are found: ``"exact"``, ``"ivf"``, or a dict of ``name`` and settings,
            such as ``{"name": "ivf", "recall_target": 0.98}``; see `tfmmrec.retrieval`.
        overwrite: replace a version that is there, whatever it was made from.

    Returns:
        The path.

    Raises:
        ValueError: the path is no version, is taken by something else or is just being written, the catalogue
            or the users are not the model's, or item vectors are not finite.
        OSError: the disk is full, or nothing may be written there.
        RuntimeError: the process on tensorflow failed; the message has its last words.
    """
    sweep(Path(os.path.abspath(path)).parent)
    target = _checked_target(Path(path))
    name = index["name"] if isinstance(index, dict) and "name" in index else index
    find(retrieval, Index, name)
    _check(model, catalogue, users)
    if target.exists() and not overwrite:
        if is_made_of(target, model, catalogue, users, index):
            return target
        there = sorted(int(one.name) for one in target.parent.iterdir() if one.name.isdecimal())
        raise ValueError(
            f"{str(target)!r} is there already, with something else in it. Export to the next version, "
            f"{str(target.parent / str(there[-1] + 1))!r}, or pass overwrite=True."
        )
    other = written_elsewhere(target)
    if other is not None:
        raise ValueError(
            f"Another process is just writing {str(target)!r}. Wait for it, or give another version. (Where "
            f"there is none, delete {str(other)!r}.)"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    # beside the version, so that it can be renamed; the name is no number, so that it is not served
    with folder_aside(target) as aside:
        new = aside / "new"
        if keras.backend.backend() == "tensorflow":
            write_saved_model(model, catalogue, users, index, new)
        else:
            _write_elsewhere(model, catalogue, users, index, new)
        take_place(new, target)
    return target


def _write_elsewhere(
    model: Recommender, catalogue: Catalogue, users: KnownUsers | None, index: Any, folder: Path
) -> None:
    """Hands everything over as files to a process that runs on tensorflow; see ``__main__.py``."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as handed:
        given = Path(handed)
        model.sync()
        model.save(given / "model.keras")
        save_catalogue(catalogue, given / "catalogue")
        if users is not None:
            save_users(users, given / "users")
        (given / "index.json").write_text(json.dumps(index), "utf-8")
        package = str(Path(tfmmrec.__file__).parents[1])
        environment = {
            **os.environ,
            "KERAS_BACKEND": "tensorflow",
            "CUDA_VISIBLE_DEVICES": "-1",  # this process holds the accelerators
            "PYTHONPATH": os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")])),
        }
        command = [sys.executable, "-m", "tfmmrec.export", str(given), str(folder)]
        ended = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        if ended.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            full = os.strerror(errno.ENOSPC)
            if full in ended.stderr:
                raise OSError(errno.ENOSPC, full, str(folder))
            raise RuntimeError(
                "The export of a model on the backend "
                f"{keras.backend.backend()!r} runs in a process on tensorflow, which failed:\n"
                f"{ended.stderr.strip()[-2000:]}"
            )


def _checked_target(path: Path) -> Path:
    path = Path(os.path.abspath(path))
    if not path.name.isdecimal() or str(int(path.name)) != path.name:
        raise ValueError(
            f"An export is a version of a model: its path ends in a whole number, which TensorFlow Serving "
            f"looks for; got {str(path)!r}. Give {str(path / '1')!r}."
        )
    if path.exists() and not (path / "saved_model.pb").is_file() and (path.is_file() or any(path.iterdir())):
        raise ValueError(
            f"{str(path)!r} holds something else than a SavedModel, so it is not replaced. Give another "
            "version."
        )
    return path


def _check(model: Recommender, catalogue: Catalogue, users: KnownUsers | None) -> None:
    if not isinstance(model, Recommender):
        raise ValueError(f"model must be a Recommender, got {type(model).__name__}.")
    if not isinstance(catalogue, Catalogue):
        raise ValueError(f"catalogue must be data.catalogue, got {type(catalogue).__name__}.")
    if users is not None and not isinstance(users, KnownUsers):
        raise ValueError(f"users must be KnownUsers.of(data) or None, got {type(users).__name__}.")
    prepared, trained = catalogue.vocabulary.sizes(), model.vocabulary
    for side in SIDES:
        for feature in model.schema.features(side):
            name = feature.name
            if prepared.features[side].get(name) != trained.features[side][name]:
                raise _other_data(f"{side} feature {name!r}")
    for task in model.schema.tasks:
        if prepared.tasks.get(task.name) != trained.tasks.get(task.name):
            raise _other_data(f"task {task.name!r}")
    if users is not None and len(users):
        met = max(users.item.max(initial=-1), users.seen.max(initial=-1))
        if met >= len(catalogue.item_ids):
            raise ValueError(
                "The users met items that are not in the catalogue; take both from the same data."
            )


def _other_data(what: str) -> ValueError:
    return ValueError(
        f"The catalogue was prepared from other data than the model was trained on: its {what} differs. Give "
        "the catalogue of the training data."
    )
