"""What is wrong with an input is told in a sentence, not in a traceback."""

from __future__ import annotations

import errno
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

_DEBUG = "--debug"

_FULL = "Free some of it, or give a folder on another disk; the same command then goes on where it can."
_ADVICE = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EROFS: "Give a folder that can be written to.",
    errno.EACCES: "Give another one, or change who may use it.",
}

WRONG_INPUT, INTERRUPTED = 2, 130

EXIT_CODES = {
    0: "all went well",
    1: "something nobody foresaw; the traceback says where",
    WRONG_INPUT: "an option, a file or a folder cannot be used; one sentence says why and what to do",
    INTERRUPTED: "interrupted by Ctrl-C",
}


class Sentences(TyperGroup):
    """Commands whose ValueErrors and OSErrors end as one red sentence on standard error, with exit code 2.

    With ``--debug``, before or after the command, they come with their traceback. So does, always, what
    nobody foresaw: Python then ends with exit code 1.
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
        except KeyboardInterrupt as error:
            if self._debug:
                raise
            Console(stderr=True).print("Interrupted. The same command goes on where it can.", style="red")
            raise typer.Exit(INTERRUPTED) from error
        except (ValueError, OSError, ImportError) as error:
            if self._debug:
                raise
            console = Console(stderr=True, highlight=False, soft_wrap=True)
            console.print(_said(error), style="red", markup=False)
            raise typer.Exit(WRONG_INPUT) from error


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:  # without its number
        said = error.strerror + (f": {str(error.filename)!r}" if error.filename else "")
        advice = _ADVICE.get(error.errno or 0)
        return f"{said}. {advice}" if advice else said
    return str(error) or type(error).__name__


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


def by_name(text: str, option: str, whole: bool, alone: bool) -> Any:
    """``"poster:0.1,plot:0.5"`` as numbers by name.

    Args:
        text: what was given; ``"none"`` stays.
        option: whose value it is.
        whole: whether the numbers are whole ones.
        alone: whether it may also be one number for all.

    Raises:
        ValueError: it is nothing of the kind.
    """
    if text.strip() == "none":
        return "none"
    number: Any = int if whole else float
    example = "poster:3,fusion:1" if whole else "poster:0.1,plot:0.5"
    try:
        if alone and ":" not in text:
            return number(text)
        parts = [one.rpartition(":") for one in text.split(",") if one.strip()]
        found = {name.strip(): number(value) for name, _, value in parts}
    except ValueError:
        found = {}
    if not found or "" in found:
        kind = "whole numbers" if whole else "numbers"
        single = ", or one number" if alone else ""
        raise ValueError(f"{option} takes {kind} by name, such as {example}{single}; got {text!r}.")
    return found
