"""Files and folders are written aside and renamed: they appear whole or not at all, whatever happens."""

from __future__ import annotations

import errno
import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MARK = ".part-"
_OLD = "old"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_SHORT = re.compile(r"\d+ requested and \d+ written")  # NumPy's words for a full disk


@contextmanager
def file_aside(path: str | Path) -> Iterator[Path]:
    """Where to write a file that appears whole at the end of the block, or not at all.

    One process at a time writes a file. What a killed one left aside, the next one writes over.

    Yields:
        a path beside `path`, with the same ending.

    Raises:
        OSError: with `path` as its filename where the disk is full. What was written is removed then.
    """
    path = Path(path)
    aside = path.with_name(f"{_MARK}{path.name}")
    try:
        with _named_where_full(path):
            yield aside
            os.replace(aside, path)
    except BaseException:  # a full disk must not stay full of this
        aside.unlink(missing_ok=True)
        raise


@contextmanager
def folder_aside(target: str | Path) -> Iterator[Path]:
    """A folder beside `target` to build it in, which is gone at the end of the block; see `take_place`.

    What killed processes left there goes first; see `sweep`.

    Raises:
        OSError: with `target` as its filename where the disk is full.
    """
    target = Path(os.path.abspath(target))
    sweep(target.parent)
    prefix = f".{target.name}{_MARK}"
    with _named_where_full(target), tempfile.TemporaryDirectory(dir=target.parent, prefix=prefix) as made:
        lock = _lock(made, wait=True)
        try:
            os.makedirs(made, exist_ok=True)  # another process may have swept it before it was locked
            yield Path(made)
        finally:
            if lock is not None:
                os.close(lock)


def take_place(new: Path, target: Path) -> None:
    """Renames a folder made in a `folder_aside` to its target; what stood there goes with the rest.

    Raises:
        OSError: another process was faster. What stands there then stays.
    """
    old = new.with_name(_OLD)
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    except OSError:
        _put_back(old, target)
        raise


def written_elsewhere(target: Path) -> Path | None:
    """The folder aside that another living process builds `target` in, if there is one; after a `sweep`."""
    return next(target.parent.glob(f".{glob.escape(target.name)}{_MARK}*"), None)


def sweep(parent: Path) -> None:
    """Removes what killed processes left aside in a folder; what living ones write there stays.

    A folder that another was just taking the place of is put back.
    """
    for left in parent.glob(f".*{_MARK}*"):
        if left.is_symlink() or not left.is_dir():
            continue
        lock = _lock(left, wait=False)
        if lock is None:
            continue
        try:
            _put_back(left / _OLD, left.with_name(left.name[1:].rpartition(_MARK)[0]))
            shutil.rmtree(left)
        except OSError:  # a disk that is read-only: it is in nobody's way
            pass
        finally:
            os.close(lock)


def _put_back(old: Path, target: Path) -> None:
    if old.exists() and not target.exists():
        old.rename(target)


def _lock(folder: str | Path, wait: bool) -> int | None:
    """Locks a folder as long as the process lives, or until the returned handle is closed.

    Returns:
        None where another process holds it, or where folders cannot be locked.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except OSError:
        os.close(handle)
        return None
    return handle


@contextmanager
def _named_where_full(path: Path) -> Iterator[None]:
    """Errors of a full disk name the path, which those of open files lack."""
    try:
        yield
    except OSError as error:
        number = errno.ENOSPC if _SHORT.search(str(error)) else error.errno
        if number not in _NO_SPACE:
            raise
        raise OSError(number, os.strerror(number), str(path)) from error
