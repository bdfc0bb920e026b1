"""A small catalogue, the command that trains on it, and a run and an export that nothing interrupted."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from kills.harness import Commands, Ended
from tfmmrec.recipes.demo_catalogue import generate

SCHEMA = """
user_id = "user_id"
item_id = "item_id"
timestamp = "timestamp"

[history]
length = 8
layers = 1
dropout = 0.1

[[item]]
modality = "Image"
column = "poster"

[[item]]
modality = "Audio"
column = "clip"

[[item]]
modality = "Number"
column = "year"

[[task]]
task = "NextItem"
"""
# all is prepared, and little of it trained: what takes long is the tracing
SETTINGS = ("--width", 8, "--epochs", 3, "--batch-events", 64, "--learning-rate", 0.003, "--deterministic")
SMALL = ("--only-item", "year", "--fusion", "concat")


def train(base: Path, folder: Path) -> list[Any]:
    """The command that trains in ``folder / "run"``."""
    return ["train", base / "data", "--run", folder / "run", *SETTINGS, *SMALL]


def make(base: Path) -> SimpleNamespace:
    """A catalogue, and a run and an export that nothing interrupted.

    Returns:
        ``base``; the folders ``run`` and ``version``; the ``writes`` of the run.
    """
    generate(base / "data", items=80, users=40)
    (base / "data" / "schema.toml").write_text(SCHEMA)
    folder = base / "whole"
    run, version = folder / "run", folder / "sm" / "1"
    with Commands() as commands:
        trained = commands.run(base, folder, train(base, folder))
        assert trained.code == 0, trained.said
        exported = commands.run(base, folder, ["export", run, version])
        assert exported.code == 0, exported.said
    return SimpleNamespace(base=base, run=run, version=version, writes=trained.writes)


def files(folder: Path) -> list[str]:
    """What is in a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def contents(folder: Path) -> dict[str, str]:
    """Every file's checksum."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in files(folder)
        if (folder / name).is_file()
    }


def weights(path: Path) -> dict[str, Any]:
    """The arrays and the configuration of a saved model."""
    import h5py

    arrays = {}
    with zipfile.ZipFile(path) as kept, h5py.File(io.BytesIO(kept.read("model.weights.h5"))) as file:
        file.visititems(
            lambda name, one: arrays.update({name: one[()]}) if isinstance(one, h5py.Dataset) else None
        )
        return {**arrays, "config": json.loads(kept.read("config.json"))}


def check_trained(whole: SimpleNamespace, folder: Path, ended: Ended) -> None:
    """The run is the one that nothing interrupted, bit for bit, but for times and dates."""
    assert ended.code == 0, ended.said
    run = folder / "run"
    assert files(run) == files(whole.run)
    ours, theirs = contents(run), contents(whole.run)
    for name in ("model.keras", "last.keras", "curves.json"):
        del ours[name], theirs[name]
    assert ours == theirs
    for name in ("model.keras", "last.keras"):
        mine, other = weights(run / name), weights(whole.run / name)
        assert mine.keys() == other.keys() and len(mine) > 5
        for key, array in mine.items():
            np.testing.assert_array_equal(array, other[key], err_msg=f"{name}: {key}")
    mine, other = (json.loads((at / "curves.json").read_text()) for at in (run, whole.run))
    for name in ("seconds", "waiting"):
        assert [record.pop(name) > 0 for record in [*mine, *other]] == [True] * 6
    assert mine == other


def answers(whole: SimpleNamespace, version: Path) -> str:
    """What an export recommends a user it knows."""
    from tfmmrec.serving import Served

    user = json.loads((whole.run / "prepared" / "user_ids.json").read_text())[0]
    found = Served(version).recommend(user_id=[user], k=5)
    return json.dumps(found, default=lambda array: np.asarray(array).tolist())
