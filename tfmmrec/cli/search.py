"""`tfmmrec search`: ask an export for items by words, a picture or a sound."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, print_json
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.sentences import names


def search(
    savedmodel: Annotated[
        Path,
        typer.Argument(
            help="savedmodels/films (its latest version) or savedmodels/films/1", metavar="SAVEDMODEL"
        ),
    ],
    words: Annotated[str | None, typer.Argument(help="What is looked for.", metavar="[WORDS]")] = None,
    image: Annotated[
        Path | None, Option(help="A picture of what is looked for, alone or beside words.")
    ] = None,
    audio: Annotated[Path | None, Option(help="A sound (WAV), likewise.")] = None,
    k: Annotated[int, Option(min=1, help="How many.")] = 10,
    allow: Annotated[str | None, Option(help="Ids of items, of which alone they are chosen.")] = None,
    data: Annotated[Path | None, Option(help="The data folder, to show titles beside ids.")] = None,
    as_json: AsJson = False,
) -> None:
    """Search the items of an export whose model was trained with an alignment.

    Words are looked for in every text of the items, a picture in their pictures; what is found need not have
    both. Examples:

        tfmmrec search savedmodels/films "a heist in space" --k 5

        tfmmrec search savedmodels/fashion --image shirt.jpg

        tfmmrec search savedmodels/fashion "long sleeves" --image shirt.jpg --data fashion
    """
    if words is None and image is None and audio is None:
        raise typer.BadParameter('What is looked for? Give words, such as "blue shirt", --image or --audio.')
    allowed = names(allow, "--allow")
    import_quietly()
    from tfmmrec.cli.results import show_recommendations
    from tfmmrec.modalities import Audio, Image, Text
    from tfmmrec.modalities.clips import checked_clip
    from tfmmrec.modalities.image import checked_image
    from tfmmrec.schema import Schema
    from tfmmrec.serving import Served

    served = Served(savedmodel)
    takes = served.inputs("search")
    schema = Schema.from_dict(served.about["schema"])
    query: dict[str, Any] = {}
    if words is not None:
        query |= dict.fromkeys(_inputs(schema, Text, takes, "words"), words)
    if image is not None:
        query |= dict.fromkeys(
            _inputs(schema, Image, takes, "--image"), _read("--image", image, checked_image)
        )
    if audio is not None:
        whole = partial(checked_clip, seconds=math.inf)
        query |= dict.fromkeys(_inputs(schema, Audio, takes, "--audio"), _read("--audio", audio, whole))
    answer = served.search(k=k, allow=allowed or None, **query)
    if as_json:
        print_json(answer)
        return
    titles: dict[str, str] = {}
    if data is not None:
        from tfmmrec.report import Shelf

        titles = Shelf.of(data, schema).titles
    shown = [repr(words)] if words is not None else []
    shown += [path.name for path in (image, audio) if path is not None]
    show_recommendations(answer, titles, f"For {' and '.join(shown)}")


def _inputs(schema: Any, kind: Any, takes: list[str], option: str) -> list[str]:
    """The inputs of ``search`` that are of a kind.

    Raises:
        ValueError: there is none.
    """
    from tfmmrec.export.conventions import Names

    queries = Names(schema).queries
    of_kind = [queries[one.name] for one in schema.features("item") if isinstance(one, kind)]
    inputs = [name for name in of_kind if name in takes]
    if not inputs:
        raise ValueError(
            f"Its items have no {kind.__name__} that {option} could be compared with; search takes "
            f"{', '.join(name for name in takes if name.startswith('query_'))}."
        )
    return inputs


def _read(option: str, path: Path, checked: Callable[[bytes], bytes]) -> bytes:
    """A file as an export reads it: other formats that a data folder may hold are converted as there.

    Raises:
        ValueError: there is none, or it cannot be read.
    """
    if not path.is_file():
        raise ValueError(f"{option} is the path of a file, and {str(path)!r} is none.")
    try:
        return checked(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{option}, {str(path)!r}: {error}.") from error
