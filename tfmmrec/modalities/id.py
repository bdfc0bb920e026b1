"""The identity of an item or a user: one more modality, which can be missing like any other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from tfmmrec.layers import RowTable
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

    def encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        return TableEncoder(state["size"], width, name=name)


@keras.saving.register_keras_serializable("tfmmrec")
class TableEncoder(keras.layers.Layer):
    """One learned row per number: ``{part: int [B]} → ([B, 1, D], mask [B, 1])``; 0 is missing.

    Attributes:
        read: the rows ``[B, D]``, where they have been read already: a training step that differentiates with
            respect to them and not to the table lends them for the time of the call.
    """

    read: Any = None

    def __init__(self, size: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size, self.width = size, width
        self.embedding = RowTable(
            size,
            width,
            embeddings_initializer=keras.initializers.RandomNormal(stddev=width**-0.5),
            name="table",
        )

    def build(self, *_: Any) -> None:
        self.embedding.build()

    def call(self, parts: Parts) -> tuple[Any, Any]:
        (numbers,) = parts.values()
        rows = self.embedding(numbers) if self.read is None else ops.cast(self.read, self.compute_dtype)
        return ops.expand_dims(rows, 1), ops.expand_dims(numbers > 0, 1)

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        (shape,) = shapes.values()
        return (shape[0], 1, self.width), (shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "width": self.width}
