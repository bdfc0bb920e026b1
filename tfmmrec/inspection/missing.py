"""Texts that stand for an empty cell, such as NA, where numbers or times are expected."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tfmmrec.inspection.columns import Column
from tfmmrec.inspection.sample import Sample

_MARKS = {"na", "n/a", "#n/a", "nan", "null", "none", "nil", "\\n", "?"}


def without_marks(sample: Sample) -> Sample:
    """The sample with the texts empty that keep a column from being one of numbers or times.

    A schema names such texts for a table, not for a column; so they are empty in all of its columns.
    """
    marks = {name: _marks(cells) for name, cells in sample.columns.items()}
    spoilt = {name: found for name, found in marks.items() if found and _known_but_for(sample, name, found)}
    missing = tuple(sorted({mark for found in spoilt.values() for mark in found}))
    if not missing:
        return sample
    others = [name for name, found in marks.items() if name not in spoilt and not found.isdisjoint(missing)]
    why = f"{', '.join(map(repr, missing))} taken as empty, as in {', '.join(map(repr, spoilt))}"
    why += f"; so it is in {', '.join(map(repr, others))}, too" if others else ""
    columns = {name: _emptied(cells, set(missing)) for name, cells in sample.columns.items()}
    return replace(sample, columns=columns, missing=missing, why_missing=why)


def _marks(cells: list[Any]) -> set[str]:
    return {cell for cell in cells if isinstance(cell, str) and len(cell) < 5 and cell.lower() in _MARKS}


def _known_but_for(sample: Sample, name: str, marks: set[str]) -> bool:
    """Whether a column holds numbers or times once these texts are empty."""
    column = Column(name, _emptied(sample.columns[name], marks), name in sample.times)
    return bool(column.known) and (column.numbers is not None or bool(column.time))


def _emptied(cells: list[Any], marks: set[str]) -> list[Any]:
    return [None if isinstance(cell, str) and cell in marks else cell for cell in cells]
