"""The media of a data folder: files below it, and the members of its `media.tar`."""

from __future__ import annotations

import os
import posixpath
import tarfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

TAR = "media.tar"
"""A file of this name in the data folder holds media, too; it is read in place and never unpacked."""

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
"""Endings of pictures, in lower case."""

FOLDER = "/"
"""The ending of what is no file but a folder, which stands for the pictures in it."""


@dataclass(frozen=True)
class Medium:
    """One picture or clip.

    Attributes:
        name: as a table names it.
        path: its file, or the tar that holds it.
        offset: where in `path` its bytes begin.
        size: how many bytes it has.
    """

    name: str
    path: Path
    offset: int
    size: int

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            ValueError: there are none, or fewer than the tar promises.
            OSError: the file cannot be read.
        """
        if not self.size:
            raise ValueError(f"file {self.name!r} is empty (0 bytes)")
        with self.path.open("rb") as file:
            file.seek(self.offset)
            contents = file.read(self.size)
        if len(contents) < self.size:
            raise ValueError(f"file {self.name!r} is cut off in {self.path.name}")
        return contents


def media_of(cell: Any, folder: Path, folders: bool = True) -> list[Medium]:
    """What a media cell names, ``"a.jpg|b.jpg"`` or a list: files of the data folder, or else of its tar.

    A folder of the data folder stands for the pictures in it, in the order of their names, if `folders` may
    be named: ``"images/" + name`` names one where the name is empty, and means none.

    Raises:
        ValueError: one is absent or lies outside the data folder, or is a folder, which may not be named or
            holds no picture; or the tar cannot be read.
        OSError: the file system refuses the name.
    """
    return [medium for name in named(cell) for medium in _media(name, folder, folders)]


def named(cell: Any) -> list[str]:
    """The names in a media cell, ``"a.jpg|b.jpg"`` or a list."""
    names = cell if isinstance(cell, list | tuple) else str(cell or "").split("|")
    return [name for name in (str(name).strip() for name in names) if name]


def media_by_id(folder: Path, where: str, endings: Sequence[str]) -> dict[str, str]:
    """The media of a folder, or of a folder of the tar, by their ids: ``{"17": "posters/17.jpg"}``.

    Args:
        folder: the data folder.
        where: a folder below it.
        endings: of names that count, in lower case, `FOLDER` for a folder; of several files of one id the
            first of these is taken.

    Raises:
        ValueError: there is no such folder, it lies outside the data folder, or it holds no such file.
    """
    inside = below(where, folder)
    prefix = posixpath.normpath(where) + "/"
    names = []
    if inside.is_dir():
        with os.scandir(inside) as entries:
            names = [prefix + entry.name + FOLDER * entry.is_dir() for entry in entries]
    names += [name for name in tar_members(folder) if posixpath.dirname(name) + "/" == prefix]
    found = _by_id(names, endings)
    if not found:
        raise ValueError(
            f"Media are asked for by id in {where!r}, but the data folder, or its {TAR}, has no such folder "
            f"with any named <id>{', <id>'.join(endings)}."
        )
    return found


def tar_members(folder: Path) -> dict[str, tuple[int, int]]:
    """Name → offset and size of the files in the folder's tar; none where there is no tar.

    Links in it are left out: they would lead elsewhere.

    Raises:
        ValueError: the tar is packed, damaged or cut off, or a link that leads out of the folder.
    """
    path = below(TAR, folder)
    if not path.is_file():
        return {}
    stat = path.stat()
    return _members(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=4)
def _members(path: Path, size: int, changed: int) -> dict[str, tuple[int, int]]:
    del size, changed  # a tar that was replaced is read anew
    try:
        with tarfile.open(path, "r:") as tar:
            files = ((member, posixpath.normpath(member.name)) for member in tar if member.isreg())
            return {name: (member.offset_data, member.size) for member, name in files if not member.sparse}
    except tarfile.TarError as error:
        raise ValueError(
            f"{path.name} cannot be read as a tar ({error}). It must be whole and not packed: make it with "
            f"`tar -cf {TAR} …` inside the data folder."
        ) from error


def below(name: str, folder: Path) -> Path:
    """Where a name in the data folder leads, links followed.

    Raises:
        ValueError: out of the folder.
        OSError: the file system refuses the name.
    """
    root = os.path.realpath(folder)
    path = os.path.realpath(os.path.join(root, name))
    if os.path.commonpath([root, path]) != root:
        raise ValueError(f"{name!r} lies outside the data folder; media are read from below it only")
    return Path(path)


def file_below(name: str, folder: Path, what: str, hint: str = "") -> Path:
    """The file of a name in the data folder.

    Args:
        name: a path below the folder.
        folder: the data folder.
        what: the file is, the beginning of a message.
        hint: how to get one, the end of it.

    Raises:
        ValueError: there is none, or it is out of the folder.
        OSError: the file system refuses the name.
    """
    path = below(name, folder)
    if not path.is_file():
        raise ValueError(f"{what} {name!r} was not found in the data folder{hint}.")
    return path


def _media(name: str, folder: Path, folders: bool) -> list[Medium]:
    path = below(name, folder)
    if path.is_dir():
        if not folders:
            raise ValueError(f"{name!r} is a folder; expected a file")
        inside = sorted(one.name for one in path.iterdir() if one.suffix.lower() in PICTURES)
        if not inside:
            raise ValueError(f"folder {name!r} holds no picture ({', '.join(PICTURES)})")
        return [medium for one in inside for medium in _file(posixpath.join(name, one), folder)]
    return _file(name, folder)


def _file(name: str, folder: Path) -> list[Medium]:
    path = below(name, folder)
    if path.is_file():
        return [Medium(name, path, 0, path.stat().st_size)]
    member = tar_members(folder).get(posixpath.normpath(name))
    if member:
        return [Medium(name, folder / TAR, *member)]
    beside = f" nor in its {TAR}" if (folder / TAR).is_file() else ""
    raise ValueError(f"file {name!r} was not found in the data folder{beside}")


def _by_id(names: Iterable[str], endings: Sequence[str]) -> dict[str, str]:
    ranked: dict[str, tuple[int, str]] = {}
    for name in names:
        stem, ending = posixpath.splitext(posixpath.basename(name))
        if name.endswith(FOLDER):
            stem, ending = posixpath.basename(name[:-1]), FOLDER
        if ending.lower() in endings:
            rank = endings.index(ending.lower()), name
            ranked[stem] = min(ranked.get(stem, rank), rank)
    return {stem: name for stem, (_, name) in ranked.items()}
