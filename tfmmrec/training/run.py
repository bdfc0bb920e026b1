"""The folder of a run: everything evaluation, export and later reports read."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import keras

from tfmmrec.aside import file_aside
from tfmmrec.data.dataset import Data
from tfmmrec.schema import Schema

LOCK = ".lock"
_PACKAGES = ("tfmmrec", "keras", "tensorflow", "jax", "numpy", "pyarrow", "pillow")


class Run:
    """``runs/<name>/``.

    ======================  ==========================================================
    ``schema.json``         the schema the model was built for
    ``config.json``         every setting of the training, seeds, the split's hash
    ``versions.json``       Python, packages, backend, machine
    ``prepared/``           the prepared shards, where they are kept with the run
    ``dead_letters.jsonl``  the rows and cells that could not be used, each with its reason
    ``transfer.json``       what was taken of another run's model, where it began with one
    ``pretraining.json``    losses of a pretraining, where there was one
    ``curves.json``         losses and validation metrics of every epoch, and how long it took and waited
    ``metrics.json``        metrics by split, with the protocol
    ``model.keras``         the best model
    ``last.keras``          the model after the last epoch
    ``checkpoint/``         the state of a training that has not ended
    ``plots/``              learning curves, strips of recommendations
    ``tensorboard/``        the curves for TensorBoard, where they are asked for
    ======================  ==========================================================

    Files are written aside and renamed, so a reader never sees half of one; see `tfmmrec.aside`.

    Args:
        folder: created where it is absent.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    @classmethod
    def open(cls, folder: str | Path) -> Run:
        """An existing run.

        Raises:
            ValueError: there is no trained model in the folder.
        """
        folder = Path(folder)
        if not (folder / "model.keras").is_file():
            near = (
                sorted(p.parent.name for p in folder.parent.glob("*/model.keras"))
                if folder.parent.is_dir()
                else []
            )
            there = f" Trained runs beside it: {', '.join(near)}." if near else ""
            raise ValueError(
                f"There is no trained model in {str(folder)!r}: train one with `tfmmrec train`.{there}"
            )
        return cls(folder)

    @property
    def prepared(self) -> Path:
        """Where the prepared shards stand."""
        return self.folder / "prepared"

    @property
    def dead_letters(self) -> Path:
        """The file of what could not be used, a JSON object per line."""
        return self.folder / "dead_letters.jsonl"

    @property
    def checkpoint(self) -> Path:
        """Where the state of a training stands that has not ended."""
        return self.folder / "checkpoint"

    @property
    def tensorboard(self) -> Path:
        """Where the curves for TensorBoard stand, for those who ask for them."""
        return self.folder / "tensorboard"

    @property
    def plots(self) -> Path:
        """The folder of pictures, created where it is absent."""
        (self.folder / "plots").mkdir(exist_ok=True)
        return self.folder / "plots"

    @property
    def schema(self) -> Schema:
        """The schema the model was built for."""
        return Schema.from_dict(self.read("schema"))

    def begin(self, schema: Schema, data: Data, config: dict[str, Any]) -> None:
        """Writes what is known before training."""
        self.write("schema", schema.to_dict())
        self.write("config", {**config, "split_sha256": data.split_sha256, "problems": data.problems})
        self.write("versions", versions())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Inside, no other process trains in the folder; a process that is killed lets go of it.

        Raises:
            ValueError: another one does.
        """
        import fcntl

        with (self.folder / LOCK).open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise ValueError(
                    f"Another training runs in {str(self.folder)!r}. Wait for it, or take another name."
                ) from error
            try:
                yield
            finally:
                if [path.name for path in self.folder.iterdir()] == [LOCK]:  # it came to nothing
                    (self.folder / LOCK).unlink()
                    self.folder.rmdir()

    def other_settings(self, config: dict[str, Any], schema: Schema) -> list[str]:
        """What of these settings, and whether this schema, the run was not begun with, in words.

        Nothing where it was not begun.
        """
        if not (self.folder / "config.json").is_file():
            return []
        config = json.loads(json.dumps(config, default=float))
        kept = self.read("config")
        other = sorted(name for name in config if kept.get(name) != config[name])
        words = [f"{name} ({kept.get(name)!r} then, {config[name]!r} now)" for name in other]
        return words if schema == self.schema else [*words, "the schema"]

    def write(self, name: str, value: Any) -> None:
        """Writes ``<name>.json``."""
        path = self.folder / f"{name}.json"
        text = json.dumps(value, indent=2, ensure_ascii=False, default=float) + "\n"
        with file_aside(path) as aside:
            aside.write_text(text, "utf-8")

    def read(self, name: str) -> Any:
        """Reads ``<name>.json``."""
        return json.loads((self.folder / f"{name}.json").read_text("utf-8"))

    def save_model(self, model: keras.Model, name: str = "model") -> None:
        """Writes ``<name>.keras``."""
        with file_aside(self.folder / f"{name}.keras") as aside:
            model.save(aside)

    def load_model(self) -> keras.Model:
        """Reads ``model.keras``, on any backend."""
        from tfmmrec import models  # noqa: F401  registers the model's class

        return keras.saving.load_model(self.folder / "model.keras", compile=False)


def versions() -> dict[str, str]:
    """What a number depends on: versions, backend, machine."""
    found = {"python": sys.version.split()[0], "backend": keras.backend.backend()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return {**found, "machine": platform.machine(), "cores": str(os.cpu_count())}
