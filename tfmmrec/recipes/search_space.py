"""What a search looks through: ranges and choices of settings, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from tfmmrec.members import suggestion
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.variations import MODALITIES, Choice, check_varied, choices_of
from tfmmrec.schema import Schema

_ENDS = {"low", "high"}
_KEYS = {*_ENDS, "log", "step"}


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included.

    Attributes:
        setting: its name.
        low, high: the ends; whole numbers where the setting is one.
        log: whether all orders of magnitude are as likely.
        step: between two of them; None: 1 of whole numbers, and any of the others.
    """

    setting: str
    low: float
    high: float
    log: bool = False
    step: float | None = None

    @property
    def whole(self) -> bool:
        """Whether the setting is a whole number."""
        hint = get_type_hints(Settings)[self.setting]
        return int in (hint, *get_args(hint))

    def of(self, settings: Settings, value: Any) -> Settings:
        """The settings with a value of it."""
        return Choice(self.setting, str(value), {self.setting: value}).of(settings)


@dataclass(frozen=True)
class Choices:
    """Values of which each is as likely.

    Attributes:
        setting: its name, or ``"modalities"``.
        by_text: the values.
    """

    setting: str
    by_text: dict[str, Choice]

    def of(self, settings: Settings, value: Any) -> Settings:
        """The settings with a value of it."""
        return self.by_text[value].of(settings)


Space = dict[str, Range | Choices]
"""By setting, what is looked through."""


def read_space(path: str | Path, schema: Schema, base: Settings) -> tuple[Space, dict[str, Any]]:
    """What a file says is to be looked through, and what it says is fixed.

    Each key is a setting of `tfmmrec train`, or ``modalities``. A list, or ``"all"`` of a family, are
    choices; a table of ``low`` and ``high`` is a range, maybe with ``log = true`` or a ``step``; anything
    else is fixed.

    Args:
        path: of the TOML file.
        schema: whose features modalities are.
        base: the settings that are changed.

    Raises:
        ValueError: the file is absent or no TOML, or a setting or value is none.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(
            f"The space {str(path)!r} was not found. Give a TOML file such as\n"
            'learning_rate = {low = 1e-4, high = 1e-2, log = true}\nfusion = ["sum", "gated"]'
        )
    try:
        plain = tomllib.loads(path.read_text("utf-8-sig"))
    except ValueError as error:
        raise ValueError(f"The space {str(path)!r} is no valid TOML: {error}.") from error
    space: Space = {}
    fixed: dict[str, Any] = {}
    for name, value in plain.items():
        try:
            if name != "k" and isinstance(value, list):
                space[name] = _choices(name, value, schema, base)
            elif value == "all":
                space[name] = _choices(name, [value], schema, base)
            elif isinstance(value, dict) and _ENDS & set(value):
                space[name] = _range(name, value)
            else:
                fixed |= _fixed(name, value, schema, base)
        except ValueError as error:
            raise ValueError(f"The space {str(path)!r}: {error}") from error
    if not space:
        raise ValueError(
            f"The space {str(path)!r} fixes everything: give a list of values, or a range such as "
            "learning_rate = {low = 1e-4, high = 1e-2, log = true}."
        )
    return space, fixed


def _choices(name: str, values: list[Any], schema: Schema, base: Settings) -> Choices:
    found = [one for value in values for one in choices_of(name, value, schema, base)]
    if not found:
        raise ValueError(f"{name} = [] leaves nothing to choose from.")
    return Choices(name, {one.text: one for one in found})


def _range(name: str, value: Mapping[str, Any]) -> Range:
    check_varied(name)
    for key in value:
        if key not in _KEYS:
            raise ValueError(f"{name}: a range has no {key!r}.{suggestion(key, _KEYS)}")
    if not set(value) >= _ENDS:
        raise ValueError(f"{name}: a range needs both low and high, got {dict(value)}.")
    found = Range(name, **value)
    kinds = (int,) if found.whole else (int, float)
    numbers = [found.low, found.high, *([] if found.step is None else [found.step])]
    if not all(isinstance(one, kinds) and not isinstance(one, bool) for one in numbers):
        kind = "whole numbers" if found.whole else "numbers"
        raise ValueError(f"{name}: low, high and step must be {kind}, got {dict(value)}.")
    if not isinstance(found.log, bool):
        raise ValueError(f"{name}: log must be true or false, got {found.log!r}.")
    if found.low >= found.high or (found.log and found.low <= 0):
        above = ", and above 0 where log is true" if found.log else ""
        raise ValueError(f"{name}: low must be below high{above}; got {found.low} and {found.high}.")
    if found.step is not None and (found.step <= 0 or found.log):
        raise ValueError(f"{name}: step must be above 0, and goes without log; got {found.step}.")
    ends: tuple[Any, Any] = (found.low, found.high)
    for end in ends:
        Settings(**{name: end})  # says what the setting takes
    return found


def _fixed(name: str, value: Any, schema: Schema, base: Settings) -> dict[str, Any]:
    if name == MODALITIES:
        (choice,) = choices_of(name, value, schema, base)
        return {"only": {**base.only, **choice.change.get("only", {})}}
    known = [one.name for one in fields(Settings)]
    if name not in known:
        raise ValueError(f"There is no setting {name!r}.{suggestion(name, [*known, MODALITIES])}")
    return {name: getattr(Settings(**{name: value}), name)}
