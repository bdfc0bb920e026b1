"""TensorFlow Serving's layout: ``savedmodels/<model>/<version>/saved_model.pb``."""

from __future__ import annotations

from pathlib import Path


def versions(model: Path) -> dict[int, Path]:
    """The versions in a model's folder, the lowest first; none where there is no such folder.

    A folder whose name is a number, and which holds a ``saved_model.pb``, is one.
    """
    if not model.is_dir():
        return {}
    found = {
        int(one.name): one
        for one in model.iterdir()
        if one.name.isascii() and one.name.isdecimal() and (one / "saved_model.pb").is_file()
    }
    return dict(sorted(found.items()))
