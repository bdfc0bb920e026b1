"""An option of the command line for every setting of a training run."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import Field, fields, replace
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer import Option

from tfmmrec.cli.sentences import by_name, cutoffs, names
from tfmmrec.recipes.settings import Settings, read_settings

_ONLY = {
    "item": "Item features, such as poster,plot.",
    "user": 'User features; "" for none.',
    "event": 'Event features; "" for none.',
    "tasks": "Tasks, such as next_item.",
}


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command an option for every field of `Settings`.

    The command's argument ``given`` gets the settings that were named on the command line, and no others:
    what was not named there may stand in a file.
    """
    options = [option for setting in fields(Settings) for option in _options(setting)]

    @functools.wraps(command)
    def with_options(ctx: typer.Context, **arguments: Any) -> None:
        values = {option.name: arguments.pop(option.name) for option in options}
        command(**arguments, given=_given({name: values[name] for name in values if _named(ctx, name)}))

    own = inspect.signature(command, eval_str=True).parameters.values()
    context = inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    shown = [parameter.replace(kind=context.kind) for parameter in own if parameter.name != "given"]
    with_options.__signature__ = inspect.Signature([context, *shown, *options])  # type: ignore[attr-defined]
    return with_options


def settings_from(given: dict[str, Any], config: Path | None) -> Settings:
    """What was given wins over the file, and the file over the defaults.

    Raises:
        ValueError: the file cannot be used, or a value does not fit.
    """
    found = read_settings(config) if config else {}
    settings = Settings(**{**found, **{name: value for name, value in given.items() if name != "only"}})
    return replace(settings, only={**settings.only, **given.get("only", {})})


def _options(setting: Field) -> list[inspect.Parameter]:
    """The options of one setting: one, but for the names to keep, which are asked side by side."""
    about = {"rich_help_panel": setting.metadata["panel"]}
    if setting.name == "only":
        return [
            _parameter(
                f"only_{side}", str | None, None, Option(f"--only-{side.rstrip('s')}", help=text, **about)
            )
            for side, text in _ONLY.items()
        ]
    about["help"] = setting.metadata["help"]
    if setting.name == "k":
        cuts = ",".join(map(str, Settings().k))
        return [_parameter("k", str, cuts, Option(**about))]
    hint = get_type_hints(Settings)[setting.name]
    if setting.name in _named_numbers():
        return [_parameter(setting.name, str | None, setting.default, Option(**about))]
    if int in (hint, *get_args(hint)):
        about["min"] = setting.metadata["least"]
    names = [setting.metadata["option"]] if setting.metadata["option"] else []
    return [_parameter(setting.name, hint, setting.default, Option(*names, **about))]


def _named_numbers() -> dict[str, tuple[bool, bool]]:
    """Settings that are numbers by name; whether they are whole ones, and may be one number for all."""
    found = {}
    for name, hint in get_type_hints(Settings).items():
        kinds = get_args(hint)
        of_name = [get_args(kind)[1] for kind in kinds if get_origin(kind) is dict]
        if of_name:
            found[name] = (int in of_name, float in kinds)
    return found


def _parameter(name: str, hint: Any, default: Any, option: Any) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=Annotated[hint, option])


def _named(ctx: typer.Context, name: str) -> bool:
    source = ctx.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def _given(values: dict[str, Any]) -> dict[str, Any]:
    """Values of options as settings."""
    if "k" in values:
        values["k"] = cutoffs(values["k"])
    for name, (whole, alone) in _named_numbers().items():
        if isinstance(values.get(name), str):
            values[name] = by_name(values[name], f"--{name.replace('_', '-')}", whole, alone)
    asked = {side: values.pop(f"only_{side}") for side in _ONLY if f"only_{side}" in values}
    only = {side: names(text, f"--only-{side.rstrip('s')}") for side, text in asked.items()}
    return {**values, "only": only} if only else values
