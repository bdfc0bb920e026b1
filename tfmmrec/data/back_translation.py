"""Other wordings of a catalogue's texts, by a translator of the caller's: back-translation."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.features import Progress
from tfmmrec.data.readers import check_folder, find_table, read_table
from tfmmrec.data.schema_tables import TABLES
from tfmmrec.modalities import Text
from tfmmrec.modalities.media import below
from tfmmrec.modalities.modality import text_of
from tfmmrec.modalities.wordings import read_wordings, write_wordings
from tfmmrec.schema import SIDES, Schema

Translate = Callable[[list[str]], Sequence[str]]
"""Texts → the same texts into another language and back, as many and in their order."""

_EVERY = 60.0  # seconds between two writes


def back_translate(
    folder: str | Path,
    schema: Schema,
    feature: str,
    through: Translate | Sequence[Translate],
    batch: int = 64,
    progress: Progress | None = None,
) -> int:
    """Writes the file of `wordings` that a feature `Text` names (Sennrich, Haddow and Birch 2016).

    Texts that the file has already are not translated again: called again after it was interrupted, or when
    there are new rows, it goes on.

    Args:
        folder: the data folder.
        schema: what the columns are.
        feature: the name of a `Text` with ``wordings="…"``.
        through: a translator there and back, or several, of as many languages: each gives one wording.
        batch: texts that it gets at once.
        progress: hears of the texts done.

    Returns:
        how many texts were translated.

    Raises:
        ValueError: there is no such feature, it names no file, its table cannot be read, or a translator
            gives other than one text for each.
    """
    found = [(side, one) for side in SIDES for one in schema.features(side) if one.name == feature]
    texts = [(side, one) for side, one in found if isinstance(one, Text)]
    if not texts or not texts[0][1].wordings:
        raise ValueError(
            f"back_translate writes the wordings of a Text feature, and {feature!r} is none that names a "
            f'file for them: Text("{feature}", augment=["reword"], wordings="{feature}.jsonl").'
        )
    (side, text), folder = texts[0], check_folder(folder)
    name = TABLES[side]
    path = find_table(folder, name, schema.tables.get(name), f"it holds {text.column!r}")
    assert path is not None  # it is needed, so that its lack is an error
    table = read_table(
        folder,
        path,
        name,
        {text.column: f'Text("{text.column}")'},
        DeadLetters(),
        (),
        schema.tables.get(name),
    )
    cells = table.cells(text.column, np.arange(len(table)))
    target = below(text.wordings, folder)
    known = dict(read_wordings(folder, text.wordings)) if target.is_file() else {}
    distinct = dict.fromkeys(text for text in map(text_of, cells) if text.strip())
    left = [one for one in distinct if one not in known]
    translators = [through] if callable(through) else list(through)
    stage, written = f"{name}: {feature}, other wordings", time.monotonic()
    for first in range(0, len(left), batch):
        some = left[first : first + batch]
        ways = [_translated(translate, some) for translate in translators]
        for one, others in zip(some, zip(*ways, strict=True), strict=True):
            said = dict.fromkeys(other.strip() for other in others)
            known[one] = tuple(other for other in said if other and other.lower() != one.strip().lower())
        if progress:
            progress(stage, min(first + batch, len(left)), len(left))
        if time.monotonic() - written > _EVERY:
            write_wordings(target, known)
            written = time.monotonic()
    write_wordings(target, known)
    return len(left)


def _translated(translate: Translate, texts: list[str]) -> list[str]:
    came = translate(list(texts))
    if isinstance(came, str) or len(came) != len(texts) or not all(isinstance(one, str) for one in came):
        raise ValueError(
            f"A translator gives one text for each of {len(texts)}, in their order; it gave "
            f"{str(came)[:60]!r}."
        )
    return list(came)
