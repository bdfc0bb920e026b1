"""From an item's raw content to its vector, by the trained item tower inside the export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.export.conventions import Names
from tfmmrec.export.raw_feature import RawFeature
from tfmmrec.modalities import Id, Parts
from tfmmrec.schema import Schema

Tensors = dict[str, Any]


class ItemReader:
    """Reads ``item_…`` and ``query_…`` of a request.

    Args:
        schema: what the model reads.
        vocabulary: with terms.
        names: of the inputs.
        tower: the item tower.
        searched: names of the features that items are searched by.

    Attributes:
        resources: what an export must keep, but for the tower's weights.
    """

    def __init__(
        self,
        schema: Schema,
        vocabulary: Vocabulary,
        names: Names,
        tower: keras.Model,
        searched: Sequence[str] = (),
    ) -> None:
        self.names, self.tower = names, tower
        states = vocabulary.features["item"]
        self._features = [RawFeature(feature, states[feature.name]) for feature in schema.features("item")]
        self._content = {
            names.inputs["item"][raw.feature.name]: raw
            for raw in self._features
            if not isinstance(raw.feature, Id)
        }
        self._queries = {
            names.queries[raw.feature.name]: raw for raw in self._features if raw.feature.name in searched
        }
        self.resources = [table for raw in self._features for table in raw.resources]

    def specs(self) -> Tensors:
        """The inputs of a signature that takes an item's content: none where ids are all there is."""
        return {name: raw.input(name) for name, raw in self._content.items()}

    def query_specs(self) -> Tensors:
        """The inputs of a signature that searches."""
        return {name: raw.input(name) for name, raw in self._queries.items()}

    def example(self) -> dict[str, list[Any]]:
        """Inputs of one item by its content, as nested lists."""
        return {name: [raw.example()] for name, raw in self._content.items()}

    def query_example(self) -> dict[str, list[Any]]:
        """Inputs of one query that brings everything there is to search by, as nested lists."""
        return {name: [raw.example()] for name, raw in self._queries.items()}

    def read(self, request: Tensors, item_id: Any) -> tuple[Any, Any]:
        """Items by their content.

        Args:
            request: the inputs of `specs`.
            item_id: strings ``[B]``; an id unknown to training counts for nothing.

        Returns:
            bool ``[B]``, whose rows bring any content, and float32 ``[B, D]``, zeros where none brings any.
        """
        import tensorflow as tf

        given = self._given(self._content, request, item_id)

        def encode() -> Any:
            brought = {raw.feature.name: raw.parts(request[name]) for name, raw in self._content.items()}
            for raw in self._features:
                if isinstance(raw.feature, Id):
                    brought[raw.feature.name] = raw.parts(item_id)
            return self._encode(brought, "vector")

        def nothing() -> Any:
            return tf.zeros([tf.shape(item_id)[0], width])

        width = self.tower.output["vector"].shape[-1]
        vector = tf.cond(tf.reduce_any(given), encode, nothing) if len(self._content) else nothing()
        return given, tf.ensure_shape(vector, [None, width])

    def look(self, request: Tensors) -> tuple[Any, Any]:
        """Where the items are that a query describes: each is an item of which no more is known.

        Args:
            request: the inputs of `query_specs`.

        Returns:
            bool ``[B]``, whose rows bring anything, and float32 ``[B, D]``, of length one, zeros where a row
            brings nothing.
        """
        import tensorflow as tf

        any_query = request[next(iter(self._queries))]
        brought = {raw.feature.name: raw.parts(request[name]) for name, raw in self._queries.items()}
        for raw in self._features:
            if raw.feature.name not in brought:
                brought[raw.feature.name] = raw.nothing(tf.shape(any_query)[0])
        vector = self._encode(brought, "search")
        return self._given(self._queries, request, any_query), vector

    def _encode(self, brought: dict[str, Parts], output: str) -> Any:
        """An output of the tower, float32 ``[B, D]``, from parts by feature."""
        import tensorflow as tf

        inputs = {
            f"{feature}.{part}": tensor
            for feature, of_feature in brought.items()
            for part, tensor in of_feature.items()
        }
        return tf.cast(self.tower(inputs, training=False)[output], tf.float32)

    @staticmethod
    def _given(read: dict[str, RawFeature], request: Tensors, like: Any) -> Any:
        """bool ``[B]``: the rows that bring any of these inputs; `like` is a tensor of B rows."""
        import tensorflow as tf

        given = tf.zeros(tf.shape(like)[:1], tf.bool)
        for name, raw in read.items():
            given |= raw.given(request[name])
        return given
