"""Other wordings of texts, from a file: what says the same, once translated and back, say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from tfmmrec.aside import file_aside
from tfmmrec.modalities.media import file_below

APART = "\x1e"
"""Stands between a text and its other wordings in a raw value: ASCII's separator of records."""

MOST_WORDINGS = 4
"""Other wordings that are kept of a text; the first."""


def read_wordings(folder: Path, name: str) -> Mapping[str, Sequence[str]]:
    """The other wordings of texts: a line of the file is ``{"text": "…", "wordings": ["…", …]}``.

    Args:
        folder: the data folder.
        name: of the file below it.

    Raises:
        ValueError: there is no such file, or a line of it is something else.
    """
    path = file_below(name, folder, "File of wordings", "; `tfmmrec.data.back_translate` writes one")
    stat = path.stat()
    return _read(path, name, stat.st_size, stat.st_mtime_ns)


def write_wordings(path: Path, wordings: Mapping[str, Sequence[str]]) -> None:
    """Writes such a file, whole or not at all."""
    lines = (json.dumps({"text": t, "wordings": list(w)}, ensure_ascii=False) for t, w in wordings.items())
    with file_aside(path) as aside:
        aside.write_text("".join(f"{line}\n" for line in lines), "utf-8")


@lru_cache(maxsize=4)  # it is asked for once per chunk of a column
def _read(path: Path, name: str, size: int, changed: int) -> Mapping[str, Sequence[str]]:
    del size, changed  # a file that was replaced is read anew
    found = {}
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                entry = json.loads(line)
                text, others = entry["text"], entry["wordings"]
                if not all(isinstance(one, str) for one in (text, *others)) or isinstance(others, str):
                    raise TypeError
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(
                    f"File of wordings {name!r}, line {number}: expected "
                    f'{{"text": "…", "wordings": ["…"]}}, got {line.rstrip()[:60]!r}.'
                ) from error
            found[text] = tuple(one.replace(APART, " ") for one in others)[:MOST_WORDINGS]
    return found
