"""Parts of a model by name: what the paths of their variables begin with."""

from __future__ import annotations

from collections.abc import Iterable

from tfmmrec.models import Recommender


def is_of(path: str, name: str) -> bool:
    """Whether a variable's path is that of a part, or of something in it: ``"poster"``, ``"plot/words"``."""
    return path == name or path.startswith(f"{name}/")


def check_parts(model: Recommender, names: Iterable[str], setting: str) -> None:
    """Checks names of a model's parts: features, whose encoders they stand for, or other layers.

    Raises:
        ValueError: there is no such part; the message lists those there are, or those within the part.
    """
    paths = [variable.path for variable in model.trainable_variables]
    for name in names:
        if any(is_of(path, name) for path in paths):
            continue
        within = str(name)
        while within and not any(is_of(path, within) for path in paths):
            within = within.rpartition("/")[0]
        start = f"{within}/" if within else ""
        there = sorted({start + path[len(start) :].split("/")[0] for path in paths if path.startswith(start)})
        raise ValueError(
            f"{setting}: the model has no part {name!r} that learns. There are: {', '.join(there)}."
        )
