"""Whether the quotes of a CSV are letters like others, as in many files of titles between tabs."""

from __future__ import annotations

from collections.abc import Iterable

_SHOWN = 24  # characters of a cell in a reason


def why_letters(header: str, lines: Iterable[str], separator: str) -> str:
    """What speaks for quotes that are letters; "" where they may hold cells together.

    They are, where every line that has one has as many cells as the header if they are, and some line is no
    row if they are not. But where a column stands in quotes mostly, or quotes inside of a cell are doubled,
    as writers of CSV do, a line that does not fit is a mistake of one row.

    Args:
        header: the first line, with or without its line break.
        lines: the next ones.
        separator: of cells.
    """
    size, number, misfit = header.count(separator) + 1, 1, ""
    if '"' in header:
        return ""
    enclosed = [0] * size
    for line in lines:
        number += 1
        if '"' not in line:
            continue
        cells = line.rstrip("\r\n").split(separator)
        if len(cells) != size:
            return ""
        for column, cell in enumerate(cells):
            if cell[:1] != '"':  # quotes further inside hold nothing together
                continue
            inside = cell[1:-1] if len(cell) > 1 and cell[-1] == '"' else '"'
            if '"' in inside.replace('""', ""):
                misfit = misfit or f"quotes read as letters, as in line {number}, {cell[:_SHOWN]}"
            elif '"' in inside:
                return ""
            else:
                enclosed[column] += 1
    return misfit if 2 * max(enclosed) < number - 1 else ""
