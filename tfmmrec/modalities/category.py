"""One of a few values: gender, country, kind of event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras

from tfmmrec.modalities.id import TableEncoder
from tfmmrec.modalities.lookup import as_text, lookup, terms_by_count
from tfmmrec.modalities.modality import Modality, Parts


@dataclass(frozen=True)
class Category(Modality):
    """A categorical value: one token. A value unseen in training is "unknown", which is not "missing".

    Args:
        column: the column.
        vocabulary: at most so many values, the most frequent; the others are unknown.
        min_count: a value seen less often in training rows is unknown.
        dropout: the share of rows whose value is hidden in training.
    """

    vocabulary: int = 10_000
    min_count: int = 1
    dropout: float = 0.0

    filtered_by: ClassVar[str] = "terms"

    def fit(self, values: Sequence[str]) -> dict[str, Any]:
        terms = terms_by_count(map(as_text, values), self.vocabulary, self.min_count)
        return {"size": len(terms) + 2, "terms": terms}

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        find, table = lookup(state["terms"], first=2, unknown=1)

        def values_to_parts(values: Any) -> Parts:
            return {"value": find(values)}

        values_to_parts.resources = [table]  # type: ignore[attr-defined]
        return values_to_parts

    def term_rows(self, state: dict[str, Any]) -> dict[str, int]:
        return {term: row for row, term in enumerate(state["terms"], 2)}

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return {"value": ((), "int32")}

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return TableEncoder(state["size"], width, name=name)
