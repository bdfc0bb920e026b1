"""From an item's raw content to its vector, by the trained item tower inside the export."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.export.conventions import Names
from tfmmrec.export.raw_feature import RawFeature
from tfmmrec.modalities import Id
from tfmmrec.schema import Schema

Tensors = dict[str, Any]


class ItemReader:
    """Reads ``item_…`` of a request.

    Args:
        schema: what the model reads.
        vocabulary: with terms.
        names: of the inputs.
        tower: the item tower.

    Attributes:
        resources: what an export must keep, but for the tower's weights.
    """

    def __init__(self, schema: Schema, vocabulary: Vocabulary, names: Names, tower: keras.Model) -> None:
        self.names, self.tower = names, tower
        states = vocabulary.features["item"]
        self._features = [RawFeature(feature, states[feature.name]) for feature in schema.features("item")]
        self.resources = [table for raw in self._features for table in raw.resources]

    def specs(self) -> Tensors:
        """The inputs of a signature that takes an item's content: none where ids are all there is."""
        specs = {}
        for raw in self._features:
            if not isinstance(raw.feature, Id):
                name = self.names.inputs["item"][raw.feature.name]
                specs[name] = raw.input(name)
        return specs

    def read(self, request: Tensors, item_id: Any) -> tuple[Any, Any]:
        """Items by their content.

        Args:
            request: the inputs of `specs`.
            item_id: strings ``[B]``; an id unknown to training counts for nothing.

        Returns:
            bool ``[B]``, whose rows bring any content, and float32 ``[B, D]``, zeros where none brings any.
        """
        import tensorflow as tf

        brought = {
            raw.feature.name: item_id
            if isinstance(raw.feature, Id)
            else request[self.names.inputs["item"][raw.feature.name]]
            for raw in self._features
        }
        given = tf.zeros_like(item_id, tf.bool)
        for raw in self._features:
            if not isinstance(raw.feature, Id):
                given |= raw.given(brought[raw.feature.name])

        def encode() -> Any:
            inputs = {
                f"{raw.feature.name}.{part}": tensor
                for raw in self._features
                for part, tensor in raw.parts(brought[raw.feature.name]).items()
            }
            return tf.cast(self.tower(inputs, training=False)["vector"], tf.float32)

        def nothing() -> Any:
            return tf.zeros([tf.shape(item_id)[0], width])

        width = self.tower.output["vector"].shape[-1]
        vector = tf.cond(tf.reduce_any(given), encode, nothing) if len(self.specs()) else nothing()
        return given, tf.ensure_shape(vector, [None, width])
