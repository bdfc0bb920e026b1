"""The versions of a model, ``savedmodels/<model>/<n>``: which there are, and writing one of them whole."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import keras

import tfmmrec
from tfmmrec.aside import folder_aside, take_place, written_elsewhere
from tfmmrec.data.features import Progress
from tfmmrec.export.handover import Given
from tfmmrec.export.saved_model import write_saved_model


def latest_version(folder: Path) -> Path:
    """``folder/n`` with the highest version there is; ``folder/0`` where there is none."""
    versions = [int(path.name) for path in folder.glob("*") if path.name.isdecimal()]
    return folder / str(max(versions, default=0))


def next_version(folder: Path) -> Path:
    """``folder/n`` with n one above the highest version there is."""
    return folder / str(int(latest_version(folder).name) + 1)


def write_version(target: Path, given: Given, progress: Progress | None = None) -> Path:
    """Writes a version, which appears whole or not at all; what stands there is replaced.

    Under another backend than tensorflow it is written by a process of its own that runs on tensorflow.

    Args:
        target: as `checked_version` returns it.
        given: what it is made from; already known to fit together.
        progress: is told how far the index is; not from another process.

    Returns:
        The path.

    Raises:
        ValueError: another process is just writing it, or what `write_saved_model` raises.
        OSError: the disk is full, or nothing may be written there.
        RuntimeError: the process on tensorflow failed; the message has its last words.
    """
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
            write_saved_model(given, new, progress)
        else:
            _write_elsewhere(given, new)
        take_place(new, target)
    return target


def checked_version(path: Path) -> Path:
    """The absolute path of a version.

    Raises:
        ValueError: it is no version, or something else stands there.
    """
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


def _write_elsewhere(made_from: Given, folder: Path) -> None:
    """Hands everything over as files to a process that runs on tensorflow; see ``__main__.py``."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as handed:
        given = Path(handed)
        made_from.save(given)
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
