"""TensorFlow Serving's layout: ``savedmodels/<model>/<version>/saved_model.pb``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def versions(model: Path) -> dict[int, Path]:
    """The versions in a model's folder, the lowest first; none where there is no such folder.

    A folder whose name is a number, and which holds a ``saved_model.pb``, is one. What the file system does
    not let us read is none.
    """
    found = {}
    with suppress(OSError):
        for one in model.iterdir():
            if one.name.isascii() and one.name.isdecimal():
                with suppress(OSError):  # the others may be read
                    if (one / "saved_model.pb").is_file():
                        found[int(one.name)] = one
    return dict(sorted(found.items()))
