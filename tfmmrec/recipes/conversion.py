"""What all converters share: a data folder is written aside, appears whole, and is recognised later."""

import csv
import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from tfmmrec.aside import folder_aside

RECORD = "conversion.json"

_ROWS = 65_536  # rows of a Parquet table that are held at once


@dataclass(frozen=True)
class Conversion:
    """One data set that was found: what it is read from, and what it becomes.

    Attributes:
        dataset: its name in the record.
        version: raised when other files are written for the same source: an older conversion then no longer
            counts.
        root: the folder that `files` are relative to.
        files: everything that is read.
        schema: the text of `schema.toml`.
        writes: the tables, media folders and arrays that are written besides.
        write: writes them into the folder it is given, which exists and is empty.
    """

    dataset: str
    version: int
    root: Path
    files: Sequence[str]
    schema: str
    writes: Sequence[str]
    write: Callable[[Path], None]

    def into(self, destination: Path) -> Path:
        """Writes the data folder, with `schema.toml` and a record of what it was made of.

        Args:
            destination: the folder to make; its parents are made too. It appears whole or not at all.

        Returns:
            `destination`. Where it already is the conversion of the same source, nothing is written.

        Raises:
            ValueError: `destination` holds something else, or `write` found a malformed file.
        """
        checksum = _checksum(self.root, self.files, self.schema)
        record = {"dataset": self.dataset, "version": self.version, "checksum": checksum}
        if self._is_finished(destination, record):
            return destination
        destination.parent.mkdir(parents=True, exist_ok=True)
        with folder_aside(destination) as aside:
            folder = aside / "new"
            folder.mkdir()
            self.write(folder)
            (folder / "schema.toml").write_text(self.schema, encoding="utf-8")
            (folder / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
            try:
                if destination.exists():
                    destination.rmdir()  # an empty one, which Windows does not rename onto
                folder.rename(destination)
            except OSError:
                # Another process may have finished the same conversion meanwhile.
                if not self._is_finished(destination, record):
                    raise
        return destination

    def _is_finished(self, destination: Path, record: dict) -> bool:
        """Whether `destination` is this very conversion; it raises where something else is in the way."""
        if not destination.exists() or (destination.is_dir() and not any(destination.iterdir())):
            return False
        if not destination.is_dir():
            raise ValueError(
                f"Expected destination to be a folder, got the file {destination}. Give another."
            )
        path = destination / RECORD
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        lost = [name for name in (*self.writes, "schema.toml") if not (destination / name).exists()]
        if found == record and not lost:
            return True
        if found is None:
            what = f"it holds {listing(destination)}"
        elif found == record:
            what = f"it is an earlier conversion without its {', '.join(lost)}"
        else:
            what = "it was converted from another source or by another version"
        raise ValueError(
            f"Expected destination to be new, empty or the conversion of this source, got {destination}: "
            f"{what}. Nothing was changed there: remove it, or give another folder."
        )


def _checksum(root: Path, names: Iterable[str], schema: str) -> str:
    """SHA-256 over the names and the contents of these files, and over the schema to be written."""
    whole = hashlib.sha256(schema.encode())
    for name in names:
        with (root / name).open("rb") as stream:
            whole.update(f"{name} {hashlib.file_digest(stream, 'sha256').hexdigest()}\n".encode())
    return whole.hexdigest()


def check_source(source: Path, holding: str) -> None:
    """Checks that there is a folder.

    Raises:
        ValueError: there is none; the message says what it is expected to hold.
    """
    if not source.is_dir():
        raise ValueError(
            f"Expected source to be the folder that holds {holding}, got {source}, which is "
            f"{'a file' if source.exists() else 'not there'}. Correct the path."
        )


def find_root(source: Path, files: Sequence[str], inside: str) -> Path:
    """The folder that holds `files`: `source`, or the folder of the name `inside` in it.

    Raises:
        ValueError: `source` is no folder, or files are missing.
    """
    check_source(source, ", ".join(files))
    missing = {
        root: [name for name in files if not (root / name).exists()] for root in (source, source / inside)
    }
    root = min(missing, key=lambda root: len(missing[root]))
    if missing[root]:
        raise ValueError(
            f"Expected {root} to hold {', '.join(missing[root])}, but it holds {listing(root)}. "
            f"Put the missing files there, or give the folder that holds all of {', '.join(files)}."
        )
    return root


def listing(folder: Path, most: int = 12) -> str:
    """The first names in a folder, for a message."""
    names = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more if names else "nothing"


def one_line(text: str) -> str:
    """Text without line breaks and repeated spaces."""
    return " ".join(text.split())


def held_out(key: str) -> str:
    """The split of an example by the hash of its id: a fifth of all test, a tenth validate, the rest train.

    It depends on nothing but the id, so that an example stays where it is when others come or go.
    """
    place = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2**64
    return "test" if place < 0.2 else "valid" if place < 0.3 else "train"


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Writes a table, row by row."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def read_csv(path: Path, *needed: str) -> Iterator[dict[str, str]]:
    """The rows of a comma-separated table with a header (UTF-8), as they are read.

    Raises:
        ValueError: it lacks a needed column.
    """
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.DictReader(stream)
        if lacking := [name for name in needed if name not in (reader.fieldnames or ())]:
            raise ValueError(
                f"Expected {path} to have the columns {', '.join(needed)}, but it lacks "
                f"{', '.join(lacking)}; its first line is {','.join(reader.fieldnames or ())[:100]!r}. "
                f"Is it the right file?"
            )
        yield from reader


def write_parquet(path: Path, columns: pa.Schema, rows: Iterable[Sequence]) -> None:
    """Writes a large table, some ten thousand rows at a time; no more are held in memory."""
    rows = iter(rows)
    with pa.parquet.ParquetWriter(path, columns, compression="zstd") as writer:
        while chunk := list(islice(rows, _ROWS)):
            cells = (
                pa.array(column, kind)
                for column, kind in zip(zip(*chunk, strict=True), columns.types, strict=True)
            )
            writer.write_batch(pa.record_batch(list(cells), schema=columns))


def vector_rows(path: Path) -> int:
    """How many rows an `.npy` array of numbers ``[rows, size]`` has; it is not read whole.

    Raises:
        ValueError: it is no such array.
    """
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(
            f"Expected {path} to be a whole .npy array of numbers, but it cannot be read: {error}."
        ) from error
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise ValueError(
            f"Expected {path} to hold numbers of the shape (items, size), got {array.dtype} of the shape "
            f"{array.shape}. Is it the right file?"
        )
    return len(array)


def copy_vectors(source: Path, target: Path, rows: int) -> None:
    """Copies an `.npy` array that has a row for every row of the items table.

    Raises:
        ValueError: it has another number of rows, or is no array of numbers ``[rows, size]``.
    """
    if (found := vector_rows(source)) != rows:
        raise ValueError(
            f"Expected {source} to have a row for each of the {rows} items, got {found} rows. "
            f"Are the files of the same data set?"
        )
    shutil.copyfile(source, target)
