"""Where the vectors of all items come from when a loss asks for them: the providers."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.layers import unit
from tfmmrec.losses import chunked_softmax, sampled_softmax
from tfmmrec.modalities import Id
from tfmmrec.schema import Schema

FULL_SOFTMAX_ITEMS = 100_000
"""Catalogues up to this size get a full softmax by default."""


class ItemVectors(keras.layers.Layer):
    """Abstract. In the graph it gives the vectors of this step's items; a retrieval loss asks `softmax`.

    Call: ``(encoded [E, D], place int [U], rows int [U], log_q [U], log_encoded [U], identity [U, D]) →
    [U, D]``: what was encoded in this step (see `reads`), each item's place among it (−1: not encoded), its
    row of the catalogue, the logs of its chances to be in a batch and, given that batch's events, to be
    encoded, and its row of the id table (zeros where ids are no feature).

    Args:
        items: how many items have been trained on; they are rows ``[0, items)`` of the catalogue.
        width: D.
        cosine: whether vectors are of length one, as those that the item tower encodes are then.

    Attributes:
        cached: whether `refresh` has to be called now and then.
        sampled: whether the loss is over sampled candidates, so that batches should carry negatives.
        reads: which output of the item tower: ``"vector"``, or ``"content"``, to which the id is added here.
    """

    reads = "vector"
    cached = False
    sampled = False

    def __init__(self, items: int, width: int, cosine: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.items, self.width, self.cosine = items, width, cosine

    def call(self, encoded: Any, place: Any, rows: Any, log_q: Any, log_encoded: Any, identity: Any) -> Any:
        del rows, log_q, log_encoded, identity
        return ops.take(encoded, ops.maximum(place, 0), axis=0)

    def softmax(self, hidden: Any, target: Any, weight: Any, batch: dict[str, Any], identity: Any) -> Any:
        """Weighted sum of softmax cross-entropies.

        Args:
            hidden: ``[P, D]``.
            target: int ``[P]``, rows of the catalogue.
            weight: ``[P]``.
            batch: ``rows``, ``log_q`` of this step's items, their ``vectors``, and ``targets``, the vectors
                ``[P, D]`` of the targets.
            identity: the table of ids, row r + 1 for the item in row r; None where ids are no feature.
        """
        raise NotImplementedError

    def compute_output_shape(
        self,
        encoded_shape: Any,
        place_shape: Any,
        rows_shape: Any,
        log_q_shape: Any,
        log_encoded_shape: Any,
        identity_shape: Any,
    ) -> tuple[int | None, ...]:
        return (*place_shape, self.width)

    def get_config(self) -> dict[str, Any]:
        names = ("items", "width", "cosine")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    def scaled(self, vectors: Any) -> Any:
        """Sums of content and ids ``[..., D]`` as the item tower gives them."""
        return unit(vectors) if self.cosine else vectors


@keras.saving.register_keras_serializable("tfmmrec")
class IdTable(ItemVectors):
    """The id is the only feature: its table is the vectors of all items. Full softmax, exact."""

    def softmax(self, hidden: Any, target: Any, weight: Any, batch: dict[str, Any], identity: Any) -> Any:
        table = ops.cast(identity[1 : self.items + 1], hidden.dtype)
        return chunked_softmax(hidden, self.scaled(table), target, weight)


@keras.saving.register_keras_serializable("tfmmrec")
class CachedContent(ItemVectors):
    """Id table + content vectors of some steps ago; this step's items as they are now. Full softmax.

    The gradient reaches every row of the id table, and the encoders through the items encoded in this step
    alone: a draw of those that its events are of, and of the others. Those are drawn as rarely as they are
    many, so the gradient of each is divided by the chance to be encoded (Horvitz and Thompson, 1952): the
    encoders get the gradient of the whole catalogue on average. Without it what the events are about would
    be pulled towards the states, and nearly nothing pushed away: all content would become alike. The cache is
    encoded anew every few steps: `Recommender.refresh`.
    """

    cached = True
    reads = "content"

    def build(self, *_: Any, **__: Any) -> None:
        self.content = self.add_weight(
            shape=(self.items, self.width), initializer="zeros", trainable=False, name="content"
        )

    def call(self, encoded: Any, place: Any, rows: Any, log_q: Any, log_encoded: Any, identity: Any) -> Any:
        del log_q
        now = ops.take(encoded, ops.maximum(place, 0), axis=0)
        held = ops.stop_gradient(now)
        share = ops.cast(ops.expand_dims(ops.exp(-log_encoded), 1), now.dtype)
        now = held + (now - held) * share  # its value, and its gradient as many times
        kept = ops.cast(ops.take(ops.stop_gradient(self.content), ops.maximum(rows, 0), axis=0), now.dtype)
        return self.scaled(ops.where(ops.expand_dims(place >= 0, 1), now, kept) + identity)

    def table(self, batch: dict[str, Any], identity: Any, dtype: str) -> Any:
        """``[items, D]``: the cache, the id table on top, and this step's vectors in their rows."""
        table = ops.cast(ops.stop_gradient(self.content), dtype)
        if identity is not None:
            table = table + ops.cast(identity[1 : self.items + 1], dtype)
        table = self.scaled(table)
        # padding rows are written to a row of their own, which is cut off again
        spare = ops.concatenate([table, ops.zeros((1, self.width), dtype)], axis=0)
        rows = ops.where(batch["rows"] < 0, self.items, batch["rows"])
        spare = ops.scatter_update(spare, ops.expand_dims(rows, 1), ops.cast(batch["vectors"], dtype))
        return spare[: self.items]

    def softmax(self, hidden: Any, target: Any, weight: Any, batch: dict[str, Any], identity: Any) -> Any:
        dtype = keras.backend.standardize_dtype(hidden.dtype)
        return chunked_softmax(hidden, self.table(batch, identity, dtype), target, weight)


@keras.saving.register_keras_serializable("tfmmrec")
class EncodedNow(ItemVectors):
    """Only this step's items, all encoded now: sampled softmax with logQ correction.

    A batch's items are those its users met and the negatives drawn for it. For catalogues too large for a
    full softmax.
    """

    sampled = True

    def softmax(self, hidden: Any, target: Any, weight: Any, batch: dict[str, Any], identity: Any) -> Any:
        losses = sampled_softmax(
            hidden, target, batch["targets"], batch["rows"], batch["vectors"], batch["log_q"]
        )
        return ops.sum(ops.cast(weight, "float32") * losses)


PROVIDERS: dict[str, type[ItemVectors]] = {"table": IdTable, "cached": CachedContent, "encoded": EncodedNow}
"""By the names they are chosen by."""


def provider_of(schema: Schema, vocabulary: Vocabulary, choice: str) -> type[ItemVectors]:
    """The provider of this name, or with ``"auto"`` the first that fits.

    Raises:
        ValueError: there is none of that name, or it does not fit the schema.
    """
    features = schema.features("item")
    id_alone = len(features) == 1 and isinstance(features[0], Id)
    if choice == "auto":
        small = vocabulary.trained_items <= FULL_SOFTMAX_ITEMS
        content = "cached" if schema.user_id is not None else "encoded"  # nobody ranks all items
        choice = ("table" if id_alone else content) if small else "encoded"
    if choice not in PROVIDERS:
        raise ValueError(f"item_vectors must be auto, {', '.join(PROVIDERS)}; got {choice!r}.")
    if choice == "table" and not id_alone:
        raise ValueError("item_vectors='table' is for items whose only feature is the id; take 'cached'.")
    return PROVIDERS[choice]
