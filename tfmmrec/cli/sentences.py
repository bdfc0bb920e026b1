"""What is wrong with an input is told in a sentence, not in a traceback."""

from __future__ import annotations

import math
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

_DEBUG = "--debug"


class Sentences(TyperGroup):
    """Commands whose ValueErrors and OSErrors end as one red sentence on standard error, with exit code 2.

    With ``--debug``, before or after the command, they come with their traceback.
    """

    _debug = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        self._debug = _DEBUG in args
        return super().parse_args(ctx, [arg for arg in args if arg != _DEBUG])

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # somebody reads no further: `| head`
            raise
        except (ValueError, OSError) as error:
            if self._debug:
                raise
            console = Console(stderr=True, highlight=False, soft_wrap=True)
            console.print(str(error) or type(error).__name__, style="red", markup=False)
            raise typer.Exit(2) from error


def names(text: str | None, option: str) -> list[str] | None:
    """``"a, b"`` as a list; None where the option was not given."""
    if text is None:
        return None
    found = [one.strip() for one in text.split(",") if one.strip()]
    if not found and text.strip():
        raise ValueError(f"{option} takes names separated by commas, got {text!r}.")
    return found


def cutoffs(text: str) -> tuple[int, ...]:
    """``"10,20"`` as whole numbers.

    Raises:
        ValueError: it holds something else, or a number below 1.
    """
    try:
        found = tuple(sorted({int(one) for one in text.split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 1:
        raise ValueError(f"--k takes whole numbers from 1, separated by commas, such as 10,20; got {text!r}.")
    return found


def plain(value: Any) -> Any:
    """Values that JSON has: lists for arrays, null for what is no finite number."""
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
