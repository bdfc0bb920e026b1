"""Search: words, pictures and sounds find items, in the space that an alignment taught all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfmmrec import retrieval
from tfmmrec.data.dataset import Features
from tfmmrec.export.admission import Admission
from tfmmrec.export.filters import Filters
from tfmmrec.export.item_reader import ItemReader
from tfmmrec.members import make
from tfmmrec.modalities import missing_parts
from tfmmrec.models import Recommender
from tfmmrec.retrieval import Index

Tensors = dict[str, Any]

_ASKED = 512
"""Queries, at most, that an index is tuned by."""


@dataclass(frozen=True)
class SearchVectors:
    """What searches find a catalogue's items by.

    Attributes:
        vectors: float32 ``[N, D]``, of length one; zeros of an item that has nothing to be found by.
        queries: float32 ``[Q, D]``: items of the catalogue of which one feature alone is known, as a query
            would know it.
    """

    vectors: np.ndarray
    queries: np.ndarray

    @classmethod
    def of(cls, model: Recommender, items: Features, encoded: dict[str, np.ndarray]) -> SearchVectors | None:
        """Of a catalogue's items; None where the model is not searched by anything.

        Args:
            model: trained with an alignment, or not.
            items: features of the items.
            encoded: what ``model.encode_items(items)`` returned.
        """
        if not model.searched:
            return None
        vectors, states = encoded["search"], model.vocabulary.features["item"]
        some = np.linspace(0, len(vectors) - 1, min(len(vectors), _ASKED // len(model.searched))).astype(int)
        queries = []
        for name in model.searched:
            known = {
                feature.name: {part: array[some] for part, array in items[feature.name].items()}
                if feature.name == name
                else missing_parts(feature, states[feature.name], len(some))
                for feature in model.schema.features("item")
            }
            found = model.encode_items(known, batch=len(some))["search"]
            queries.append(found[found.any(axis=1)])  # those that have the feature
        return cls(vectors, np.concatenate(queries))


class Search:
    """Answers ``search``.

    Args:
        items: reads what is looked for.
        known: of the catalogue.
        index: name of an index, or a dict of its name and settings.
        find: from ids to rows of the catalogue, −1 where there is no such item.
        filters: on attributes.

    Attributes:
        index: of the items.
        resources: the variables and tables an export keeps, but for those of `items` and `filters`.
    """

    def __init__(
        self,
        items: ItemReader,
        known: SearchVectors,
        index: Any,
        find: Callable[[Any], Any],
        filters: Filters,
    ) -> None:
        import tensorflow as tf

        self._items, self._find = items, find
        vectors = tf.Variable(np.asarray(known.vectors), trainable=False, name="search_vectors")
        queries = np.asarray(known.queries) if len(known.queries) else None
        self.index: Index = make(retrieval, Index, index, vectors=vectors, queries=queries)
        self._admission = Admission(self.index, vectors, find, filters)
        self.resources = [vectors, *self.index.resources]

    def specs(self) -> Tensors:
        """The inputs of the signature."""
        import tensorflow as tf

        return {
            **self._items.query_specs(),
            "k": tf.TensorSpec([None], tf.int32, "k"),
            "exclude": tf.TensorSpec([None, None], tf.string, "exclude"),
            **self._admission.specs(),
        }

    def find(self, request: Tensors) -> tuple[Any, Any]:
        """The items nearest to what is looked for, of those the request admits.

        Returns:
            rows int32 ``[B, max(k)]``, −1 where there is none, and their cosines, NaN where there is none.
        """
        import tensorflow as tf

        given, looked_for = self._items.look(request)
        k = tf.where(given, request["k"], 0)
        # all are of length one: products are cosines
        rows, scores = self._admission.search(request, looked_for, k, self._find(request["exclude"]))
        return widened(rows, scores, request["k"])


def widened(rows: Any, scores: Any, k: Any) -> tuple[Any, Any]:
    """Answers ``[B, ?]`` with as many columns as the largest k; there is nothing in the columns that come."""
    import tensorflow as tf

    lacking = [[0, 0], [0, tf.maximum(tf.reduce_max(k), 0) - tf.shape(rows)[1]]]
    return tf.pad(rows, lacking, constant_values=-1), tf.pad(scores, lacking, constant_values=float("nan"))
