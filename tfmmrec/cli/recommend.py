"""`tfmmrec recommend`: ask an export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tfmmrec.cli.options import AsJson, print_json
from tfmmrec.cli.quiet import import_quietly
from tfmmrec.cli.sentences import names


def recommend(
    savedmodel: Annotated[
        Path,
        typer.Argument(
            help="savedmodels/films (its latest version) or savedmodels/films/1", metavar="SAVEDMODEL"
        ),
    ],
    user: Annotated[str | None, Option(help="A user the export knows.")] = None,
    history: Annotated[
        str | None, Option(help="Ids of items, oldest first: for anybody, known or not.")
    ] = None,
    k: Annotated[int, Option(min=1, help="How many.")] = 10,
    allow: Annotated[str | None, Option(help="Ids of items, of which alone they are chosen.")] = None,
    diversity: Annotated[
        float | None,
        Option(min=0, max=1, help="From 0, the best as they are, to 1, as unlike each other as can be."),
    ] = None,
    data: Annotated[Path | None, Option(help="The data folder, to show titles beside ids.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask an export for recommendations, as a server would.

    Examples:

        tfmmrec recommend savedmodels/films --user 42 --k 5

        tfmmrec recommend savedmodels/films --history 17,204,3 --data films

        tfmmrec recommend savedmodels/films --user 42 --diversity 0.3
    """
    met, allowed = names(history, "--history"), names(allow, "--allow")
    import_quietly()
    from tfmmrec.cli.results import show_recommendations
    from tfmmrec.schema import Schema
    from tfmmrec.serving import Served

    served = Served(savedmodel)
    if met:
        served.encode_item(item_id=met)  # raises for an item that is not in the catalogue
    answer = served.recommend(
        user_id=user, history=met or None, k=k, allow=allowed or None, diversity=diversity
    )
    if as_json:
        print_json(answer)
        return
    titles: dict[str, str] = {}
    if data is not None:
        from tfmmrec.report import Shelf

        titles = Shelf.of(data, Schema.from_dict(served.about["schema"])).titles
    who = f"user {user}" if user else "somebody new"
    after = f" after {', '.join(titles.get(one, one) for one in met)}" if met else ""
    show_recommendations(answer, titles, f"For {who}{after}")
