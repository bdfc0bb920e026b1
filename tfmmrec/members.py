"""Finding a member of a family by its name: the exports of a package are the list there is."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from types import ModuleType
from typing import Any


def members(package: ModuleType, base: type) -> dict[str, type]:
    """The exported subclasses of `base`, by class name."""
    exported = {name: getattr(package, name) for name in package.__all__}
    return {
        name: member
        for name, member in exported.items()
        if isinstance(member, type) and issubclass(member, base) and member is not base
    }


def find(package: ModuleType, base: type, name: str) -> Any:
    """The member called `name`, in any case and with or without underscores: ``"shared_bottom"``.

    Raises:
        ValueError: there is none; the message lists what there is.
    """
    there = {key.lower(): member for key, member in members(package, base).items()}
    key = str(name).replace("_", "").replace("-", "").lower()
    if key not in there:
        raise ValueError(f"There is no {base.__name__.lower()} {name!r}.{suggestion(name, there)}")
    return there[key]


def suggestion(name: Any, known: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the likeliest one meant, or all there are."""
    known = list(known)
    close = difflib.get_close_matches(str(name), known, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(sorted(known))}."


def make(package: ModuleType, base: type, choice: Any, **arguments: Any) -> Any:
    """Builds a member chosen by name, by class, or by a dict of its ``name`` and settings.

    ``"transformer"``, ``MyFusion`` and ``{"name": "transformer", "layers": 2}`` are choices.
    """
    settings = chosen(choice)
    name = settings.pop("name")
    member = name if isinstance(name, type) else find(package, base, name)
    return member(**arguments, **settings)


def chosen(choice: Any) -> dict[str, Any]:
    """A choice as a dict of its ``name`` and settings."""
    return dict(choice) if isinstance(choice, dict) else {"name": choice}
