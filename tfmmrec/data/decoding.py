"""Media to arrays: read and decoded several rows at a time, and what was decoded before is found on disk."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tfmmrec
from tfmmrec.data.vocabulary import State
from tfmmrec.modalities import Modality
from tfmmrec.modalities.media import below, media_of, named
from tfmmrec.modalities.modality import Reject

_ROWS = 32  # decoded by a thread at once
_HASHED = 64  # media of a row: of a folder of thousands of frames few are read, and all would be hashed
_FILE = "decoded.sqlite"
_PATIENCE = 60.0  # seconds that one process waits for another that is writing

Preprocess = Callable[[list[Any]], dict[str, np.ndarray]]
"""Raw values to parts; see `tfmmrec.data.features`."""

Stamp = list[int] | None
"""A file's size in bytes and the time of its last change in nanoseconds; None where there is no file."""


def stamps(folder: Path, names: Iterable[str]) -> dict[str, Stamp]:
    """The stamps that media of these names have now."""
    return {name: _stamp(folder, name) for name in names}


def _stamp(folder: Path, name: str) -> Stamp:
    try:
        path = below(name, folder)
        stats = [path.stat()]
        if path.is_dir():
            stats += [one.stat() for one in path.iterdir()]
    except (ValueError, OSError):  # outside of the folder, in its tar, absent, no name for this file system
        return None
    return [sum(stat.st_size for stat in stats), max(stat.st_mtime_ns for stat in stats)]


class Decoding:
    """Decodes the media of a data folder.

    Args:
        folder: the data folder.
        cache: a folder for what was decoded, by the content it was decoded from; several data folders and
            several processes may share it, and it may be deleted at any time. None: nothing is kept.

    Attributes:
        media: what cells named, as its name → `stamp`.
    """

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        self.folder = folder
        self.media: dict[str, Stamp] = {}
        self._cache = cache

    def __call__(
        self, feature: Modality, state: State, cells: Sequence[Any], reject: Reject, preprocess: Preprocess
    ) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
        """The parts of the media that these cells name, some rows at a time, in their order.

        Rows are read ahead by as many threads as there are cores; never more than a few dozen per thread are
        held. What is refused is refused in the order of the rows.

        Args:
            feature: of media.
            state: of the feature.
            cells: names of media, as in a table.
            reject: is told of the rows that cannot be used.
            preprocess: raw values to parts.
        """
        shelf = None if self._cache is None else _Shelf(self._cache, feature, state)
        threads = os.cpu_count() or 1
        pool = ThreadPoolExecutor(threads, "decode")

        def decode(first: int) -> _Rows:
            return _decoded(feature, cells[first : first + _ROWS], self.folder, shelf, preprocess)

        waiting: deque[tuple[int, Future[_Rows]]] = deque()
        try:
            for first in range(0, len(cells), _ROWS):
                waiting.append((first, pool.submit(decode, first)))
                if len(waiting) > 2 * threads:
                    yield self._next(waiting, reject, shelf)
            while waiting:
                yield self._next(waiting, reject, shelf)
        finally:
            pool.shutdown(cancel_futures=True)

    def _next(
        self, waiting: deque[tuple[int, Future[_Rows]]], reject: Reject, shelf: _Shelf | None
    ) -> tuple[slice, dict[str, np.ndarray]]:
        first, future = waiting.popleft()
        rows = future.result()
        for row, reason in rows.refused:
            reject(first + row, reason)
        self.media |= rows.media
        if shelf:
            shelf.put({key: shelf.packed(rows.parts, place) for place, key in rows.new.items()})
        return slice(first, first + rows.size), rows.parts


@dataclass
class _Rows:
    """Some decoded rows.

    Attributes:
        parts: of all rows, ``[R, …]``.
        refused: row and reason.
        media: what was read.
        new: row → key, of those that were not on the shelf.
    """

    size: int
    parts: dict[str, np.ndarray]
    refused: list[tuple[int, str]]
    media: dict[str, Stamp]
    new: dict[int, bytes]


def _decoded(
    feature: Modality, cells: Sequence[Any], folder: Path, shelf: _Shelf | None, preprocess: Preprocess
) -> _Rows:
    """Reads and decodes; runs in a thread."""
    refused: list[tuple[int, str]] = []
    media = stamps(folder, (name for cell in cells for name in named(cell)))
    keys = [_contents(cell, folder) if shelf else None for cell in cells]
    found = shelf.get([key for key in keys if key]) if shelf else {}
    unknown = [row for row, key in enumerate(keys) if key not in found]

    def refuse(place: int, reason: str) -> None:
        refused.append((unknown[place], reason))

    raw = feature.raw([cells[row] for row in unknown], folder, refuse)
    fresh = preprocess(raw) if unknown else {}
    if shelf is None or len(unknown) == len(cells):
        parts = fresh
    else:
        parts = {name: np.empty((len(cells), *shape), kind) for name, (shape, kind) in shelf.spec.items()}
        for name, array in parts.items():
            array[unknown] = fresh.get(name, array[unknown])
        for row, key in enumerate(keys):
            for name, value in shelf.unpacked(found[key]) if key in found else ():
                parts[name][row] = value
    lost = {row for row, _ in refused}
    new = {row: key for row in unknown if (key := keys[row]) and row not in lost}
    return _Rows(len(cells), parts, refused, media, new)


def _contents(cell: Any, folder: Path) -> bytes | None:
    """A hash of what a cell's media contain; None where it names none or many, or one cannot be read."""
    digest, some = hashlib.sha256(), False
    try:
        media = media_of(cell, folder)
        if len(media) > _HASHED:
            return None
        for medium in media:
            contents = medium.read()
            digest.update(b"%d:" % len(contents) + contents)
            some = True
    except (ValueError, OSError):  # the modality says what is wrong
        return None
    return digest.digest() if some else None


class _Shelf:
    """Decoded rows by the contents they were decoded from and by what decodes them.

    SQLite writes whole transactions or none, whatever kills the process, and lets several processes share.
    Where it cannot work (no space, no permission, a damaged file), a warning says so and nothing is kept.
    """

    def __init__(self, folder: Path, feature: Modality, state: State) -> None:
        import tensorflow as tf

        self.spec = feature.spec(state)
        settings = {name: getattr(feature, name) for name in feature.decoded_by}
        decoder = [tfmmrec.__version__, tf.__version__, type(feature).__name__, settings]
        self._decoder = json.dumps(decoder, sort_keys=True).encode()
        self._path, self._works = folder / _FILE, True
        self._ask(
            lambda shelf: shelf.execute(
                "CREATE TABLE IF NOT EXISTS decoded (key BLOB PRIMARY KEY, parts BLOB)"
            )
        )

    def get(self, contents: Iterable[bytes]) -> dict[bytes, bytes]:
        """The rows there are, packed, by the hash of their contents."""
        found: dict[bytes, bytes] = {}

        def look(shelf: sqlite3.Connection) -> None:
            for one in contents:
                asked = shelf.execute("SELECT parts FROM decoded WHERE key = ?", (self._key(one),))
                for (parts,) in asked:
                    found[one] = parts

        self._ask(look)
        return found

    def put(self, rows: dict[bytes, bytes]) -> None:
        """Keeps rows, all or none."""
        entries = [(self._key(contents), parts) for contents, parts in rows.items()]
        self._ask(lambda shelf: shelf.executemany("INSERT OR IGNORE INTO decoded VALUES (?, ?)", entries))

    def packed(self, parts: dict[str, np.ndarray], row: int) -> bytes:
        """A row of parts as bytes."""
        return b"".join(np.ascontiguousarray(parts[name][row]).tobytes() for name in self.spec)

    def unpacked(self, packed: bytes) -> Iterator[tuple[str, np.ndarray]]:
        """A row's parts by name."""
        first = 0
        for name, (shape, kind) in self.spec.items():
            size = int(np.prod(shape, dtype="int64")) * np.dtype(kind).itemsize
            yield name, np.frombuffer(packed[first : first + size], kind).reshape(shape)
            first += size

    def _key(self, contents: bytes) -> bytes:
        return hashlib.sha256(self._decoder + contents).digest()

    def _ask(self, question: Callable[[sqlite3.Connection], Any]) -> None:
        if not self._works:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_PATIENCE)) as shelf, shelf:
                question(shelf)
        except (OSError, sqlite3.Error) as error:
            self._works = False
            warnings.warn(f"What is decoded is not kept in {str(self._path)!r}: {error}.", stacklevel=2)
