"""The identity of an item or a user: one more modality, which can be missing like any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.layers import read_rows
from tfmmrec.modalities.lookup import lookup
from tfmmrec.modalities.modality import Modality, Parts


@dataclass(frozen=True)
class Id(Modality):
    """An identifier, embedded in a table of its own: one token.

    Only ids of training rows get an embedding. An id unknown to training is *missing*: its item or user
    is described by its other features alone, which `dropout` teaches the model to cope with.

    Args:
        column: the id column.
        dropout: the share of rows whose id is hidden in training.
    """

    dropout: float = 0.1

    def fit(self, values: Sequence[str]) -> dict[str, Any]:
        """`values` in the order that numbers them, each once."""
        terms = list(dict.fromkeys(value for value in values if value))
        return {"size": len(terms) + 1, "terms": terms}

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        find, table = lookup(state["terms"], first=1, unknown=0)

        def ids(values: Any) -> Parts:
            return {"id": find(values)}

        ids.resources = [table]  # type: ignore[attr-defined]
        return ids

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return {"id": ((), "int32")}

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return TableEncoder(state["size"], width, name=name)


def id_table(size: int, width: int) -> keras.layers.Embedding:
    """A table of vectors that are learned; they begin around zero, and about of length one."""
    small = keras.initializers.RandomNormal(stddev=width**-0.5)
    return keras.layers.Embedding(size, width, embeddings_initializer=small, name="table")


@keras.saving.register_keras_serializable("tfmmrec")
class TableEncoder(keras.layers.Layer):
    """One row per number: ``{part: int [B]} → ([B, 1, D], mask [B, 1])``; 0 is missing.

    Args:
        size: numbers there are, 0 among them.
        width: D.
        embedding: what is learned, a row for each number; one of its own by default.

    Attributes:
        whole: whether a row of `table` may depend on all that is learned, and not on its own row alone.
        read: the rows ``[B, D]``, where they have been read already: a training step that differentiates with
            respect to them and not to the table lends them for the time of the call.
    """

    whole: ClassVar[bool] = False
    read: Any = None

    def __init__(
        self, size: int, width: int, embedding: keras.layers.Embedding | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.width = size, width
        self.embedding = id_table(size, width) if embedding is None else embedding

    def build(self, *_: Any) -> None:
        self.embedding.build()

    def table(self) -> Any:
        """The vectors of all numbers, ``[size, D]``: what is learned, unless something stands before it."""
        return self.embedding.embeddings

    def rows(self, numbers: Any) -> Any:
        """Rows of `table`: int ``[B] → [B, D]``."""
        return ops.cast(read_rows(self.table(), ops.cast(numbers, "int32")), self.compute_dtype)

    @property
    def terms_table(self) -> Any:
        """The rows of the terms; see `Modality.term_rows`."""
        return self.embedding.embeddings

    def call(self, parts: Parts) -> tuple[Any, Any]:
        (numbers,) = parts.values()
        rows = self.rows(numbers) if self.read is None else ops.cast(self.read, self.compute_dtype)
        return ops.expand_dims(rows, 1), ops.expand_dims(numbers > 0, 1)

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        (shape,) = shapes.values()
        return (shape[0], 1, self.width), (shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "width": self.width}
