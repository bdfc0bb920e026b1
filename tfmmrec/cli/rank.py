"""`tfmmrec rank`: ask an export to judge items, those of the catalogue or a new one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, print_json
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.sentences import names


def rank(
    savedmodel: Annotated[
        Path,
        typer.Argument(
            help="savedmodels/films (its latest version) or savedmodels/films/1", metavar="SAVEDMODEL"
        ),
    ],
    content: Annotated[
        list[str] | None,
        typer.Argument(
            help="What a new item is, and what is told of the user: names and values. A picture or a sound "
            "is a file; several tags are separated by '|', the numbers of a vector by spaces.",
            metavar="[item_NAME=VALUE …]",
        ),
    ] = None,
    candidate: Annotated[str | None, Option(help="Ids of items of the catalogue.")] = None,
    user: Annotated[str | None, Option(help="A user the export knows.")] = None,
    history: Annotated[str | None, Option(help="Ids of items the user met, oldest first.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask an export what it expects of items: of the catalogue, or of one it never saw.

    Examples:

        tfmmrec rank savedmodels/fashion item_name="Blue checked shirt" item_image=shirt.jpg

        tfmmrec rank savedmodels/films --user 42 --candidate 17,204,3
    """
    given = _named(content or [])
    candidates, met = names(candidate, "--candidate"), names(history, "--history")
    import_quietly()
    from tfmmrec.cli.results import show_new_item, show_recommendations
    from tfmmrec.serving import Served

    served = Served(savedmodel)
    takes = [name for name in served.inputs("rank") if name.startswith("item_")]
    if not candidates and not any(name.startswith("item_") for name in given):
        how = f", or tell of a new one: {', '.join(f'{name}=…' for name in takes)}" if takes else ""
        raise ValueError(f"Which items? Name some (--candidate 17,204){how}.")
    for ids in (candidates, met):
        if ids:
            served.encode_item(item_id=ids)  # raises for an item that is not in the catalogue
    raw = {name: _read(name, value, served.about) for name, value in given.items()}
    answer = served.rank(candidate=candidates, user_id=user, history=met or None, **raw)
    prefix = "new_item_"
    known: dict[str, Any] = {}
    new: dict[str, Any] = {}
    if candidates:
        known = {"item_id": candidates} | {
            n: value for n, value in answer.items() if not n.startswith(prefix)
        }
    if any(name in takes for name in given):
        new = {n.removeprefix(prefix): value for n, value in answer.items() if n.startswith(prefix)}
    classes = served.about["classes"]
    if as_json:
        print_json({"candidates": known, "new_item": new, "classes": classes})
        return
    if known:
        show_recommendations(known, {}, "Items of the catalogue")
    if new:
        show_new_item(new, classes)


def _named(content: list[str]) -> dict[str, str]:
    """``["item_name=a shirt"]`` as a dict."""
    given = {}
    for one in content:
        name, equals, value = one.partition("=")
        if not (name and equals):
            raise ValueError(f"What is told of an item is NAME=VALUE, such as item_name=shirt; got {one!r}.")
        given[name] = value
    return given


def _read(name: str, value: str, about: dict[str, Any]) -> Any:
    """A value as `Served.rank` takes it: the bytes of media, and lists where the input is a list."""
    from tfmmrec.export.conventions import Names, contents
    from tfmmrec.schema import SIDES, Schema

    spec = about["signatures"]["rank"]["inputs"].get(name)
    if spec is None:
        return value  # `Served.rank` says what there is
    schema = Schema.from_dict(about["schema"])
    inputs = Names(schema).inputs
    media = {inputs[side][one.name] for side in SIDES for one in contents(schema, side) if one.media}
    listed = len(spec["shape"]) == 2
    pieces: list[Any] = [value]
    if listed:
        pieces = value.split("|") if spec["dtype"] == "string" else value.split()
    if name in media:
        pieces = [_bytes(name, Path(piece)) for piece in pieces]
    return pieces if listed else pieces[0]


def _bytes(name: str, path: Path) -> bytes:
    if not path.is_file():
        raise ValueError(f"{name} is the path of a file, and {str(path)!r} is none.")
    return path.read_bytes()
