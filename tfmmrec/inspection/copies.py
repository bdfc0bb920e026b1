"""What a part of a data folder needs of it beside tables, in a folder aside: media, arrays, files, presets.

The data folder is read alone. Whatever a cell or a schema names there, by a path from the root, too, gets a
name below the folder aside, and nothing is written elsewhere.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.modalities import Modality
from tfmmrec.modalities.media import Medium, below, file_below, media_of
from tfmmrec.modalities.pretrained import preset_of


def name_below(name: str, folder: Path) -> str:
    """A name in the data folder as one below it: ``"/data/images/1.jpg"`` in ``/data`` is ``"images/1.jpg"``.

    Raises:
        ValueError: it leads out of the folder.
        OSError: the file system refuses the name.
    """
    place, last = os.path.split(name.rstrip("/"))  # a file that is a link keeps its name: it may be an id
    return (below(place, folder).relative_to(os.path.realpath(folder)) / last).as_posix()


def copy_media(cells: list[Any], folder: Path, aside: Path, most: int) -> list[str | None]:
    """Copies the first media that cells name; the cells with these alone, by their names below the folder.

    Args:
        cells: of a column of media.
        folder: the data.
        aside: the folder to copy to.
        most: cells whose media are copied.
    """
    kept: list[str | None] = []
    for cell in cells:
        names: list[str] = []
        if most > 0:
            try:
                names = [_copy_medium(medium, folder, aside) for medium in media_of(cell, folder)]
            except (ValueError, OSError):  # absent, empty or cut off, which the overview tells of
                names = []
        most -= bool(names)
        kept.append("|".join(names) or None)
    return kept


def copy_rows(name: str, folder: Path, aside: Path, rows: np.ndarray) -> None:
    """Copies rows of an array of vectors; `name` is one below the folder.

    Raises:
        ValueError: there is no such file, it leads out of the folder, or is no array.
    """
    array = np.load(file_below(name, folder, "Vector file"), mmap_mode="r", allow_pickle=False)
    np.save(_place(name, aside), array[rows])


def copy_files(feature: Modality, folder: Path, aside: Path) -> None:
    """Copies the files and presets that a feature is made from. Of one that is absent preparation tells."""
    for name in _presets(feature, folder):
        shutil.copytree(
            below(name, folder),
            _place(name, aside),
            copy_function=_link_or_copy,
            ignore_dangling_symlinks=True,
            dirs_exist_ok=True,  # of another feature, which has the same preset
        )
    for name in feature.files:
        path = below(name, folder)
        if path.is_file():
            _link_or_copy(path, _place(name, aside))


def with_names_below(feature: Modality, folder: Path) -> Modality:
    """The feature with the names of its files and folders as they are below the data folder.

    Raises:
        ValueError: one leads out of the folder.
    """
    own = [getattr(feature, setting, "") for setting in ("file", "folder")]
    given = [name for name in (*own, *feature.files, *_presets(feature, folder)) if name]
    names = {name: name_below(name, folder) for name in given}
    settings = {one.name: getattr(feature, one.name) for one in fields(feature) if one.name != "column"}
    return replace(feature, **{setting: _renamed(value, names) for setting, value in settings.items()})


def _copy_medium(medium: Medium, folder: Path, aside: Path) -> str:
    name = name_below(medium.name, folder)
    target, contents = _place(name, aside), medium.read()
    if not target.exists():
        target.write_bytes(contents)
    return name


def _place(name: str, aside: Path) -> Path:
    """Where a name leads below `aside`, its folder made.

    Raises:
        ValueError: it leads elsewhere, where nothing is to be written.
    """
    target = below(name, aside)
    target.parent.mkdir(parents=True, exist_ok=True)
    return target


def _link_or_copy(source: Any, target: Any) -> None:
    """A file under another name, without a copy of it where both are on one disk."""
    if Path(target).exists():
        return
    try:
        os.link(os.path.realpath(source), target)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, target)


def _presets(feature: Modality, folder: Path) -> list[str]:
    """The presets of a feature that are folders of the data folder; others are downloaded."""
    choices = (getattr(feature, setting, "") for setting in ("encoder", "picture_encoder"))
    presets = (preset_of(choice) for choice in choices)
    return [name for name in presets if name and "://" not in name and below(name, folder).is_dir()]


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(one, names) for key, one in value.items()}
    return names.get(value, value) if isinstance(value, str) else value
