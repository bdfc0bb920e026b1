"""Finding a member of a family by its name: the exports of a package are the list there is."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Iterable
from types import ModuleType
from typing import Any

_REGISTERED = ">"
"""Between package and name, where Keras has registered a class."""


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

    A class of your own goes by the name it is registered under, ``"mine>MyFusion"``; see `plain_choice`.

    Raises:
        ValueError: there is none; the message lists what there is.
    """
    if _REGISTERED in str(name):
        import keras  # here: what names members, such as the command line's help, needs none of it

        if (member := keras.saving.get_registered_object(name)) is None:
            raise ValueError(
                f"The {base.__name__.lower()} {name!r} is not known here: import the module that defines and "
                "registers it first."
            )
        return member
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


def plain_choice(choice: Any) -> Any:
    """A choice in plain values that `make` reads back: a class by the name it is registered under with Keras.

    Raises:
        ValueError: it is not registered, so that a saved model could not find it again.
    """
    if isinstance(choice, dict):
        return {**choice, "name": plain_choice(choice["name"])} if "name" in choice else choice
    if not isinstance(choice, type):
        return choice
    import keras

    name = keras.saving.get_registered_name(choice)
    if _REGISTERED not in name:
        raise ValueError(
            f"A model with {choice.__name__} could not be saved and read again: register the class, by "
            f'@keras.saving.register_keras_serializable("mine") above it.'
        )
    return name


def chosen(choice: Any) -> dict[str, Any]:
    """A choice as a dict of its ``name`` and settings."""
    return dict(choice) if isinstance(choice, dict) else {"name": choice}


def check_choice(package: ModuleType, base: type, choice: Any, what: str, given: Iterable[str]) -> None:
    """Checks a choice, by name or as a dict, without building the member.

    Args:
        package: see `find`.
        base: see `find`.
        choice: as in a schema, where a class cannot stand.
        what: whose choice it is, the beginning of a message: ``"Text('plot'): encoder"``.
        given: arguments of the members that the choice cannot set.

    Raises:
        ValueError: there is no such member, or it has no such setting.
    """
    there = {key.lower(): member for key, member in members(package, base).items()}
    settings = chosen(choice)
    name = settings.pop("name", None)
    if not isinstance(name, str):
        raise ValueError(f'{what} is a name, or a dict such as {{"name": {min(there)!r}}}; got {choice!r}.')
    member = there.get(name.replace("_", "").replace("-", "").lower())
    if member is None:
        raise ValueError(f"{what}: there is none named {name!r}.{suggestion(name, there)}")
    family = [cls for cls in member.__mro__ if issubclass(cls, base)]
    known = {key for cls in family for key in inspect.signature(cls.__init__).parameters}
    known -= {"self", "kwargs", "args", *given}
    for key in settings:
        if key not in known:
            there_is = suggestion(key, known) if known else " It has none."
            raise ValueError(f"{what} {name!r} has no setting {key!r}.{there_is}")
