"""What a setting of a training is varied over: values by name, ``all`` members of a family, modalities."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args, get_type_hints

from tfmmrec import alignment as alignments
from tfmmrec import balancing as balancings
from tfmmrec import fusion as fusions
from tfmmrec import sharing as sharings
from tfmmrec.alignment import Alignment
from tfmmrec.balancing import Balancing
from tfmmrec.data import negatives as kinds_of_negatives
from tfmmrec.data.negatives import Negatives
from tfmmrec.fusion import Fusion
from tfmmrec.members import chosen, find, members, suggestion
from tfmmrec.recipes.settings import Settings
from tfmmrec.schema import Schema
from tfmmrec.sharing import Sharing

MODALITIES = "modalities"
ALL, FULL = "all", "full"

FAMILIES: dict[str, tuple[Any, type]] = {
    "fusion": (fusions, Fusion),
    "alignment": (alignments, Alignment),
    "sharing": (sharings, Sharing),
    "balancing": (balancings, Balancing),
    "negatives": (kinds_of_negatives, Negatives),
}
_NOT_VARIED = {
    "split": "what is learnt from other data cannot be compared",
    "cold_items": "what is learnt from other data cannot be compared",
    "strict": "what is learnt from other data cannot be compared",
    "max_dead": "what is learnt from other data cannot be compared",
    "seed": "--seeds trains with several",
    "k": "it is how results are told",
    "tensorboard": "it changes no result",
    "only": f"{MODALITIES}=… varies what is known of the items",
}


@dataclass(frozen=True)
class Choice:
    """A value that a setting can have.

    Attributes:
        setting: its name, or ``"modalities"``.
        text: the value as it is written.
        change: what it makes of the settings.
    """

    setting: str
    text: str
    change: dict[str, Any] = field(default_factory=dict)

    def of(self, settings: Settings) -> Settings:
        """The settings with this value."""
        only = {**settings.only, **self.change.get("only", {})}
        return replace(settings, **{**self.change, "only": only})


def varied(texts: Iterable[str], schema: Schema, base: Settings) -> dict[str, list[Choice]]:
    """``["fusion=sum,gated", "modalities=all"]`` as choices by setting.

    Values are separated by commas. ``all`` stands for every member of a family (and no alignment at all), and
    of `modalities` for the full model, each feature of the items alone, and each left out. A member with
    settings of its own is a table: ``fusion={name="transformer",layers=1},sum``. Of modalities, ``poster`` is
    the poster alone, ``title+poster`` both, ``-poster`` all but it, ``full`` all.

    Raises:
        ValueError: there is no such setting or value, or it cannot be varied.
    """
    found: dict[str, list[Choice]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        name = name.strip().replace("-", "_")
        if not (equals and name and values.strip()):
            raise ValueError(
                f"What is varied is a setting and its values, such as fusion=sum,gated; got {text!r}."
            )
        choices = [one for value in _pieces(values) for one in choices_of(name, _read(value), schema, base)]
        found.setdefault(name, []).extend(choices)
    return {name: list({one.text: one for one in choices}.values()) for name, choices in found.items()}


def choices_of(name: str, value: Any, schema: Schema, base: Settings) -> list[Choice]:
    """The choices that a value stands for: one, or where it is ``"all"`` as many as there are.

    Args:
        name: of a setting, or ``"modalities"``.
        value: as in a file of settings, or its text.
        schema: whose features modalities are.
        base: the settings that the others have.

    Raises:
        ValueError: there is no such setting or value, or it cannot be varied.
    """
    if name == MODALITIES:
        return _modalities(value, schema.only(**base.only))
    check_varied(name)
    if name in FAMILIES:
        if value != ALL:
            return [_member(name, value)]
        none = [Choice(name, "none", {name: None})] if name == "alignment" else []
        return none + [_member(name, one) for one in sorted(members(*FAMILIES[name]), key=str.lower)]
    if value == ALL:
        raise ValueError(
            f"{name}=all: there are no members to go through; name the values, separated by commas."
        )
    change = {name: _typed(name, value)}
    return [Choice(name, _text(getattr(Settings(**change), name)), change)]


def chosen_by(name: str, settings: Settings) -> str:
    """The text of the value that settings have, as a `Choice` of it would be written."""
    if name == MODALITIES:
        return FULL
    value = getattr(settings, name)
    return _text(value) if value is None or name not in FAMILIES else _member(name, value).text


def canonical(settings: Settings) -> Settings:
    """The same settings with members named in one way, whatever way they were written in."""
    for name in FAMILIES:
        value = getattr(settings, name)
        if value is not None:
            settings = _member(name, value).of(settings)
    return settings


def member_name(member: type | str) -> str:
    """``LowRankBilinear`` → ``low_rank_bilinear``; ``MMoE`` → ``mmoe``."""
    name = member if isinstance(member, str) else member.__name__
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", "_", name).lower()


def _member(name: str, value: Any) -> Choice:
    none = value is None or value == "none"  # where there is no None, it is taken for a name
    if none and getattr(Settings(**{name: value}), name) is None:
        return Choice(name, "none", {name: None})
    settings = chosen(value)
    if not isinstance(settings.get("name"), str):
        raise ValueError(f'{name} is a name, or a table such as {{name="…"}} with settings; got {value!r}.')
    settings["name"] = member_name(find(*FAMILIES[name], settings["name"]))
    if len(settings) == 1:
        return Choice(name, settings["name"], {name: settings["name"]})
    Settings(**{name: settings})  # type: ignore[arg-type]  # says where only a name can stand
    own = " ".join(f"{key}={_text(one)}" for key, one in settings.items() if key != "name")
    return Choice(name, f"{settings['name']}({own})", {name: settings})


def _modalities(value: Any, schema: Schema) -> list[Choice]:
    names = [feature.name for feature in schema.features("item")]
    if value == ALL:
        asked = [FULL, *names, *(f"-{name}" for name in names if len(names) > 2)]
        return [one for text in asked for one in _modalities(text, schema)]
    text = str(value)
    if text == FULL:
        return [Choice(MODALITIES, FULL)]
    if text in names:
        kept = [text]
    elif text.startswith("-"):
        out = _named(text[1:], names)
        kept = [name for name in names if name not in out]
    else:
        kept = _named(text, names)
    if not kept:
        raise ValueError(f"{MODALITIES}={text} leaves nothing of the items; there are {', '.join(names)}.")
    if len(kept) == len(names):
        return [Choice(MODALITIES, FULL)]
    return [Choice(MODALITIES, text, {"only": {"item": kept}})]


def _named(text: str, names: Sequence[str]) -> list[str]:
    """``"title+poster"`` as names of features, in the order of these."""
    parts = [text] if text in names else [part.strip() for part in text.split("+")]
    for part in parts:
        if part not in names:
            raise ValueError(f"There is no item feature named {part!r}.{suggestion(part, names)}")
    return [name for name in names if name in parts]


def check_varied(name: str) -> None:
    """Checks that a setting can be varied.

    Raises:
        ValueError: there is none of this name, or it cannot.
    """
    known = [one.name for one in fields(Settings) if one.name not in _NOT_VARIED]
    if name in _NOT_VARIED:
        raise ValueError(f"{name} cannot be varied: {_NOT_VARIED[name]}.")
    if name not in known:
        raise ValueError(f"There is no setting {name!r} to vary.{suggestion(name, [*known, MODALITIES])}")


def _pieces(text: str) -> list[str]:
    """A text cut at its commas, but not within brackets or quotes."""
    pieces, depth, quoted = [""], 0, False
    for sign in text:
        quoted ^= sign == '"'
        depth += 0 if quoted else (sign in "{[") - (sign in "}]")
        if sign == "," and not depth and not quoted:
            pieces.append("")
        else:
            pieces[-1] += sign
    return [piece.strip() for piece in pieces if piece.strip()]


def _read(text: str) -> Any:
    if not text.startswith("{"):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f'{text!r} is no table of TOML ({error}); write {{name="transformer",layers=1}}.'
        ) from error


def _typed(name: str, value: Any) -> Any:
    """A text as what the setting takes, where it can be read so; `Settings` says what is wrong otherwise."""
    if not isinstance(value, str):
        return value
    hint = get_type_hints(Settings)[name]
    kinds = get_args(hint) or (hint,)
    if bool in kinds:
        return {"true": True, "false": False}.get(value.lower(), value)
    for kind in (int, float):
        if kind in kinds or (kind is int and float in kinds):
            try:
                return kind(value)
            except ValueError:
                continue
    return value


def _text(value: Any) -> str:
    if value is None:
        return "none"
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
