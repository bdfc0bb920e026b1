"""What items can be filtered by: categories, tags, numbers and moments, as the table has them.

Features are made for a model: numbers are clipped, standardised and rounded, rare terms are one. A filter
speaks of what stands in the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from tfmmrec.data.dataset import Features
from tfmmrec.data.readers import Table
from tfmmrec.modalities import Modality


def item_attributes(features: Iterable[Modality], table: Table | None, rows: np.ndarray) -> Features:
    """The attributes of all items.

    Args:
        features: of the items.
        table: of the items, or None where there is none.
        rows: int ``[N]``: the row of `table` of each item; −1 where it has none.

    Returns:
        By the features with a `Modality.filtered_by`. Of ``"range"`` there is ``value`` float64 ``[N]``, NaN
        where it is missing. Of ``"terms"`` item n has the terms ``term[start[n]:start[n + 1]]``, numbers of
        `terms_of_attribute`: ``start`` is int64 ``[N + 1]``, ``term`` int32.
    """
    there = [feature for feature in features if feature.filtered_by] if table is not None else []
    return {feature.name: _attribute(feature, table, rows) for feature in there if table is not None}


def terms_of_attribute(attribute: dict[str, np.ndarray]) -> list[str]:
    """The terms there are of an attribute that is filtered by terms, by their numbers."""
    text, ends = attribute["text"].tobytes(), attribute["ends"].tolist()
    return [text[first:last].decode() for first, last in zip([0, *ends], ends, strict=False)]


def take_attributes(attributes: Features, rows: np.ndarray) -> Features:
    """The attributes of some items, rows int ``[R]``, in that order; a term may then have no item."""
    return {name: _take(attribute, rows) for name, attribute in attributes.items()}


def join_attributes(first: Features, then: Features) -> Features:
    """The attributes of some items and of others behind them; of those attributes that the first have."""
    return {name: _join(attribute, then[name]) for name, attribute in first.items()}


def _take(attribute: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    if "value" in attribute:
        return {"value": attribute["value"][rows]}
    begin = np.asarray(attribute["start"])
    sizes = np.diff(begin)[rows]
    start = np.concatenate([[0], np.cumsum(sizes)])
    places = np.repeat(begin[rows] - start[:-1], sizes) + np.arange(start[-1])
    kept = {name: np.asarray(attribute[name]) for name in ("text", "ends")}
    return {"start": start, "term": np.asarray(attribute["term"])[places], **kept}


def _join(first: dict[str, np.ndarray], then: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if "value" in first:
        return {"value": np.concatenate([first["value"], then["value"]])}
    number = {term: place for place, term in enumerate(terms_of_attribute(first))}
    renumbered = [number.setdefault(term, len(number)) for term in terms_of_attribute(then)]
    term = np.asarray(renumbered, "int32")[then["term"]]
    return {
        "start": np.concatenate([first["start"], first["start"][-1] + then["start"][1:]]),
        "term": np.concatenate([first["term"], term]),
        **_packed(list(number)),
    }


def _attribute(feature: Modality, table: Table, rows: np.ndarray) -> dict[str, np.ndarray]:
    cells = table.cells(feature.column, rows)
    # what is no number has been refused where the feature was prepared
    values = cells.read(lambda distinct, refuse: feature.raw(distinct, Path(), refuse), lambda *_: None)
    if feature.filtered_by == "range":
        return {"value": np.asarray(values, "float64")[cells.places]}
    number: dict[str, int] = {}
    of_values = [
        [number.setdefault(term, len(number)) for term in dict.fromkeys(feature.terms_of(value))]
        for value in values
    ]
    sizes = np.asarray([len(terms) for terms in of_values], "int64")
    begin = np.cumsum(sizes) - sizes
    sizes = sizes[cells.places]
    start = np.concatenate([[0], np.cumsum(sizes)])
    flat = np.asarray([term for terms in of_values for term in terms], "int32")
    term = flat[np.repeat(begin[cells.places] - start[:-1], sizes) + np.arange(start[-1])]
    return {"start": start, "term": term, **_packed(list(number))}


def _packed(terms: Sequence[str]) -> dict[str, np.ndarray]:
    """Strings as plain numbers: an array of strings would be as wide as the longest of them."""
    encoded = [term.encode() for term in terms]
    ends = np.cumsum([len(one) for one in encoded], dtype="int64")
    return {"text": np.frombuffer(b"".join(encoded), "uint8"), "ends": ends}
