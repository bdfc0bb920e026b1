"""Everything a training needs to go on where it was killed, in one file that is never half-written."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from tfmmrec.aside import file_aside

LAST = "last.npz"
_BEST = "best-{}.npz"


class Stateful(Protocol):
    """A callback whose state belongs to the training's: plain values that JSON can hold."""

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: dict[str, Any]) -> None: ...


class Checkpoint:
    """A folder with the last state of a training and the best weights so far.

    ``last.npz`` holds every variable of the model (seeds of the dropout and cached vectors included), of its
    optimizer and of its metrics, and as JSON what the callbacks know and how far the training is.
    ``best-<epoch>.npz`` holds the weights that were best on validation. Plain arrays, no pickle; written
    aside and renamed, so that a kill at any moment leaves the state before or the state after.

    Args:
        folder: made when something is first written.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def save(self, model: keras.Model, note: dict[str, Any]) -> None:
        """Writes the state of a model and a note of plain values beside it."""
        arrays = {
            f"{kind}/{number}": keras.ops.convert_to_numpy(variable)
            for kind, variables in _variables(model).items()
            for number, variable in enumerate(variables)
        }
        self._write(LAST, arrays | {"note": np.frombuffer(json.dumps(note).encode(), "uint8")})

    def note(self) -> dict[str, Any] | None:
        """The note of the last state; None where there is none.

        Raises:
            ValueError: the file is damaged.
        """
        if not (self.folder / LAST).is_file():
            return None
        return json.loads(bytes(self._read(LAST)["note"]))

    def restore(self, model: keras.Model, kinds: tuple[str, ...] = ("model", "optimizer")) -> None:
        """Gives a built and compiled model its last state.

        Args:
            model: the same as was saved.
            kinds: which variables: those of the ``"model"``, its ``"optimizer"`` and its ``"metrics"``.

        Raises:
            ValueError: the file is damaged, or of a model with other variables.
        """
        arrays = self._read(LAST)
        for kind, variables in _variables(model).items():
            if kind not in kinds:
                continue
            shapes = [tuple(variable.shape) for variable in variables]
            kept = [arrays.get(f"{kind}/{number}") for number in range(len(variables))]
            if [None if array is None else array.shape for array in kept] != shapes:
                raise ValueError(
                    f"The checkpoint in {str(self.folder)!r} is of another {kind}, with other shapes. Train "
                    "with the settings it was made with, or delete it to begin anew."
                )
            for variable, array in zip(variables, kept, strict=True):
                variable.assign(array)

    def save_best(self, weights: list[np.ndarray], epoch: int) -> None:
        """Keeps the weights of the best epoch so far."""
        self._write(_BEST.format(epoch), {str(number): array for number, array in enumerate(weights)})

    def best(self, epoch: int) -> list[np.ndarray]:
        """The weights kept of an epoch.

        Raises:
            ValueError: they are not there.
        """
        arrays = self._read(_BEST.format(epoch))
        return [arrays[str(number)] for number in range(len(arrays))]

    def forget_bests(self, but: int) -> None:
        """Deletes the best weights of all epochs but one."""
        for path in self.folder.glob(_BEST.format("*")):
            if path.name != _BEST.format(but):
                path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Deletes all of it: the training is over."""
        for path in self.folder.glob("*.npz"):  # those aside too
            path.unlink(missing_ok=True)
        if self.folder.is_dir() and not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _write(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with file_aside(self.folder / name) as aside, aside.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]

    def _read(self, name: str) -> dict[str, np.ndarray]:
        try:
            with np.load(self.folder / name, allow_pickle=False) as arrays:
                return dict(arrays)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(
                f"The checkpoint {str(self.folder / name)!r} cannot be read ({error}). Delete its folder to "
                "begin anew."
            ) from error


class KeepCheckpoint(keras.callbacks.Callback):
    """Writes the state after every epoch, and within an epoch after every so many seconds.

    The last of the callbacks: what the others did at the end of an epoch is part of the state. Nothing is
    written between an epoch's last step and its end, which is validation above all: a training that is killed
    there goes on with the steps after the write before.

    Args:
        checkpoint: where to.
        settings: what the training was asked for, in plain values: another training does not go on from it.
        parts: the callbacks whose state belongs to it, by name.
        every: seconds between two writes within an epoch.
        steps: of an epoch.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        settings: dict[str, Any],
        parts: dict[str, Stateful],
        every: float,
        steps: int,
    ) -> None:
        super().__init__()
        self.checkpoint, self.settings, self.parts = checkpoint, settings, parts
        self.every, self.steps = every, steps
        self.epoch, self.first = 0, 0

    def resume(self, model: keras.Model) -> tuple[int, int]:
        """Gives the model and the other callbacks the kept state, where there is one.

        Returns:
            which epoch and which of its steps come next, from 0.

        Raises:
            ValueError: it is the state of a training with other settings.
        """
        note = self.checkpoint.note()
        if note is None:
            return 0, 0
        _check_same(note["settings"], self.settings, self.checkpoint.folder)
        self.checkpoint.restore(model)
        for name, part in self.parts.items():
            part.restore(note["parts"][name])
        self.epoch, self.first = note["epoch"], note["step"]
        model.stop_training = note["stopped"]
        return self.epoch, self.first

    def on_train_begin(self, logs: Any = None) -> None:
        self._written = time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch != self.epoch:
            self.epoch, self.first = epoch, 0
        elif self.first:  # Keras has just reset them
            self.checkpoint.restore(self.model, kinds=("metrics",))

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        done = self.first + batch + 1
        if done < self.steps and time.monotonic() - self._written >= self.every:
            self._save(self.epoch, done)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._save(epoch + 1, 0)

    def _save(self, epoch: int, step: int) -> None:
        note = {
            "settings": self.settings,
            "epoch": epoch,
            "step": step,
            "stopped": bool(self.model.stop_training),
            "parts": {name: part.state() for name, part in self.parts.items()},
        }
        self.checkpoint.save(self.model, note)
        self._written = time.monotonic()


def _variables(model: keras.Model) -> dict[str, list[Any]]:
    """Every variable a training step reads or writes, by kind."""
    if getattr(model, "_jax_state_synced", True) is False:
        model.jax_state_sync()
    return {
        "model": list(model.variables),
        "optimizer": list(model.optimizer.variables),
        "metrics": list(model.metrics_variables),
    }


def _check_same(kept: dict[str, Any], asked: dict[str, Any], folder: Path) -> None:
    asked = json.loads(json.dumps(asked))
    other = sorted(name for name in {*kept, *asked} if kept.get(name) != asked.get(name))
    if other:
        said = ", ".join(
            f"{name} ({_short(kept.get(name))} then, {_short(asked.get(name))} now)" for name in other
        )
        raise ValueError(
            f"The training that was interrupted in {str(folder)!r} had other settings: {said}. Train with "
            "those to go on, or delete the folder to begin anew."
        )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…"
