"""Options that several commands share, and JSON on standard output."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

AsJson = Annotated[bool, Option("--json", help="Print one JSON object instead of tables.")]
CommonSettings = Annotated[
    Path | None, Option(help="A TOML file of the settings of all, or a run; see `tfmmrec train`.")
]
DataFolder = Annotated[
    Path, typer.Argument(help="The folder with events.csv, items.csv, media …", metavar="DATA")
]
Quiet = Annotated[bool, Option("--quiet", help="Print results only: no progress, no advice.")]
SchemaFile = Annotated[
    Path | None, Option(help="What the columns are; DATA/schema.toml by default.", rich_help_panel="Data")
]
SchemaOrGuess = Annotated[
    Path | None,
    Option(help="What the columns are; DATA/schema.toml by default, and a guess where there is none."),
]


def print_json(value: Any) -> None:
    """Prints a result as JSON, the only thing a command with ``--json`` writes to standard output."""
    typer.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def plain(value: Any) -> Any:
    """Values that JSON has: lists for arrays, texts for paths, null for what is no finite number."""
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | bool | int) else str(value)
