"""A set of values in one cell: genres, cast, labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.layers import masked_mean
from tfmmrec.modalities.lookup import as_text, lookup, terms_by_count
from tfmmrec.modalities.modality import Modality, Parts, text_of


@dataclass(frozen=True)
class Tags(Modality):
    """A set of tags, ``"comedy|drama"``: the mean of their embeddings, one token.

    Args:
        column: the column; a cell is one string, or a list in Parquet and JSON-lines.
        separator: what stands between two tags of a cell.
        length: at most so many tags of a row are read.
        vocabulary: at most so many tags, the most frequent; the others are "unknown".
        dropout: the share of rows whose tags are hidden in training.
    """

    separator: str = "|"
    length: int = 8
    vocabulary: int = 20_000
    dropout: float = 0.1

    filtered_by: ClassVar[str] = "terms"

    def raw(self, cells: Sequence[Any], folder: Any, reject: Any) -> list[Any]:
        del folder, reject
        lists = (cell if isinstance(cell, list | tuple) else [cell] for cell in cells)
        return [self.separator.join(text_of(tag) for tag in tags if tag is not None) for tags in lists]

    def terms_of(self, value: str) -> list[str]:
        return [tag for tag in map(str.strip, value.split(self.separator)) if tag]

    def fit(self, values: Sequence[str]) -> dict[str, Any]:
        tags = (tag for value in values for tag in self.terms_of(as_text(value)))
        terms = terms_by_count(tags, self.vocabulary)
        return {"size": len(terms) + 2, "terms": terms}

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        import tensorflow as tf

        find, table = lookup(state["terms"], first=2, unknown=1)

        def split(values: Any) -> Parts:
            pieces = tf.strings.strip(tf.strings.split(values, self.separator))
            pieces = tf.ragged.boolean_mask(pieces, pieces != "")
            dense = pieces.to_tensor("", shape=[None, self.length])
            return {"tags": find(dense)}

        split.resources = [table]  # type: ignore[attr-defined]
        return split

    def term_rows(self, state: dict[str, Any]) -> dict[str, int]:
        return {term: row for row, term in enumerate(state["terms"], 2)}

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return {"tags": ((self.length,), "int32")}

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return BagEncoder(state["size"], width, name=name)


@keras.saving.register_keras_serializable("tfmmrec")
class BagEncoder(keras.layers.Layer):
    """Embedding bag by the mean: ``{part: int [B, T]} → ([B, 1, D], mask [B, 1])``; 0 is padding."""

    def __init__(self, size: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.width = size, width
        self.embedding = keras.layers.Embedding(
            size,
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5),
            name="table",
        )

    def build(self, *_: Any) -> None:
        self.embedding.build()

    @property
    def terms_table(self) -> Any:
        """The rows of the terms; see `Modality.term_rows`."""
        return self.embedding.embeddings

    def call(self, parts: Parts) -> tuple[Any, Any]:
        (numbers,) = parts.values()
        mask = numbers > 0
        mean = masked_mean(self.embedding(numbers), mask)
        return ops.expand_dims(mean, 1), ops.any(mask, axis=-1, keepdims=True)

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        (shape,) = shapes.values()
        return (shape[0], 1, self.width), (shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "width": self.width}
