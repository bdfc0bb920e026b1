"""Pictures, sounds and videos in a data folder that no column names, or not by where they are."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tfmmrec.modalities import Audio, Image, Modality, Video
from tfmmrec.modalities.media import FOLDER, tar_members

MEMBERS = (Image, Audio, Video)
"""Kinds of media that may be found by an id."""

_ENDINGS = tuple(ending for member in MEMBERS for ending in member.endings if ending != FOLDER)
_MOST = 1_000_000  # files that are looked through


def media_folders(folder: Path) -> dict[str, list[str]]:
    """Folders below the data folder, ``"."`` itself among them, and of its tar → the media files in each."""
    found: dict[str, list[str]] = {}
    looked = 0
    for place, inner, files in os.walk(folder):
        inner[:] = sorted(one for one in inner if one[0] not in "._")
        looked += len(files)
        if media := sorted(file for file in files if file.lower().endswith(_ENDINGS)):
            found[Path(place).relative_to(folder).as_posix()] = media
        if looked > _MOST:
            break
    with suppress(ValueError):  # of a damaged tar preparation tells
        for name in tar_members(folder):
            if name.lower().endswith(_ENDINGS):
                found.setdefault(posixpath.dirname(name) or ".", []).append(posixpath.basename(name))
    return found


def found_elsewhere(names: Sequence[str], folders: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Of names of files that are not there the ones whose file is in another folder, with its path.

    Args:
        names: as cells have them, by paths of another machine, maybe.
        folders: see `media_folders`.
    """
    wanted = {_last(name) for name in names}
    paths: dict[str, str] = {}
    for place, files in folders.items():
        for file in files:
            if file.lower() in wanted:
                paths.setdefault(file.lower(), posixpath.normpath(f"{place}/{file}"))
    return [(name, paths[_last(name)]) for name in names if _last(name) in paths]


def found_by_id(
    ids: Collection[str], folders: Mapping[str, Sequence[str]]
) -> Iterator[tuple[type[Modality], str, int]]:
    """Folders with a file for most of the ids: the kind of media, the folder, and for how many ids.

    What is a picture is not also a video that moves.
    """
    for place, files in folders.items():
        left = list(files)
        for member in MEMBERS:
            split = [posixpath.splitext(file) for file in left]
            left = [file for file in left if not file.lower().endswith(member.endings)]
            stems = {stem for stem, ending in split if ending.lower() in member.endings}
            there = sum(one in stems for one in ids)
            if 2 * there > len(ids):
                yield member, place, there


def _last(name: str) -> str:
    """The last part of a path, whatever separates its parts, in lower case."""
    return posixpath.basename(name.replace("\\", "/")).lower()
