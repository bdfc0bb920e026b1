"""What a user did: a sequence of items × event features × time gaps, or, without an order, a set of items."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from tfmmrec.layers import Dropout, FeedForward

GAPS = 32
"""Buckets of the time gap between two events: 0 = unknown, then powers of two of seconds."""


def gap_buckets(seconds: np.ndarray) -> np.ndarray:
    """Time since the event before, ``[...]`` seconds → int32 bucket ``1 + ⌊log₂(1 + s)⌋`` below `GAPS`.

    NaN (unknown, or no event before) → 0; a negative gap counts as none. Seconds are rounded down first,
    which makes the boundaries exact: the export computes the same in TensorFlow ops.
    """
    whole = np.floor(np.clip(seconds, 0.0, 2.0**GAPS))
    _, buckets = np.frexp(1 + whole)  # 2ᵇ⁻¹ ≤ 1 + s < 2ᵇ
    return np.where(np.isnan(seconds), 0, np.minimum(buckets, GAPS - 1)).astype("int32")


@dataclass(frozen=True)
class History:
    """How a user's events are read.

    Args:
        length: events read, the latest; longer histories are cut into windows for training.
        layers: Transformer blocks; 0: no attention, a state is the sum of the events read, which is often
            all there is to learn from a set.
        heads: attention heads.
        dropout: of the input and of what each layer adds.
    """

    length: int = 50
    layers: int = 2
    heads: int = 4
    dropout: float = 0.2

    def encoder(self, width: int, causal: bool, name: str) -> keras.layers.Layer:
        """Returns the layer from item vectors and gaps to states; see `HistoryEncoder`."""
        return HistoryEncoder(
            self.length, width, self.layers, self.heads, self.dropout, causal=causal, name=name
        )

    def to_dict(self) -> dict[str, Any]:
        """The entry as plain values, as it stands in TOML."""
        return asdict(self)


@keras.saving.register_keras_serializable("tfmmrec")
class HistoryEncoder(keras.layers.Layer):
    """Causal Transformer over a user's events, or a Transformer over the set of the user's items.

    Without layers a state is the sum of what it knows, brought to one scale by the norm at the end.

    Call: ``(events [B, L, D], window int [B, L + 1], gap int [B, L], user [W, D] or None)
    → states [B, L + 1, D]`` when causal. A window is a user's events; its states stand side by side in a row,
    at the places where `window` has its number, a row of `user`: the first state knows the user's features
    alone, each later one also the event that stands one place before it in `events`, and what went before. A
    row may hold several windows, which do not see each other; −1 is padding. Not causal: there is no order, a
    row is one window, and the one state ``[B, 1, D]`` knows every event.
    """

    def __init__(
        self,
        length: int,
        width: int,
        layers: int,
        heads: int,
        dropout: float,
        causal: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.length, self.width, self.layers, self.heads = length, width, layers, heads
        self.dropout, self.causal = dropout, causal
        self.gap = keras.layers.Embedding(GAPS, width, name="gap") if causal else None
        self.input_dropout = Dropout(dropout, name="input_dropout")
        self.attentions = [
            SequenceAttention(width, heads, length + 1, dropout, causal, name=f"attention_{i}")
            for i in range(layers)
        ]
        self.feed_forwards = [FeedForward(width, dropout, name=f"feed_forward_{i}") for i in range(layers)]
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        shape = (None, self.length + 1, self.width)
        self.start = self.add_weight(
            shape=(self.width,), initializer=keras.initializers.RandomNormal(stddev=0.02), name="start"
        )
        if self.gap:
            self.gap.build()
        for layer in (*self.attentions, *self.feed_forwards, self.norm):
            layer.build(shape)

    def call(self, events: Any, window: Any, gap: Any, user: Any = None, training: bool | None = None) -> Any:
        if self.gap:
            events = events + self.gap(gap)
        # a state reads the event one place before it, unless that belongs to another window or to none
        before = ops.pad(window[:, :-1], [[0, 0], [1, 0]], constant_values=-1)
        reads = ops.expand_dims(ops.logical_and(window == before, window >= 0), -1)
        x = ops.where(reads, ops.pad(events, [[0, 0], [1, 0], [0, 0]]), ops.cast(self.start, events.dtype))
        if user is not None:
            x = x + ops.take(user, ops.maximum(window, 0), axis=0)
        x = self.input_dropout(x, training=training)
        if not self.attentions:
            x = ops.matmul(ops.cast(_known(window, self.causal), x.dtype), x)
        for attention, feed_forward in zip(self.attentions, self.feed_forwards, strict=True):
            x = feed_forward(attention(x, window, training=training), training=training)
        return self.norm(x if self.causal else x[:, :1])

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        steps = None if shape[1] is None else shape[1] + 1
        return (shape[0], steps if self.causal else 1, self.width)

    def get_config(self) -> dict[str, Any]:
        names = ("length", "width", "layers", "heads", "dropout", "causal")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _known(window: Any, causal: bool) -> Any:
    """bool ``[B, S, S]`` of int ``[B, S]``: whether a place knows another: of its window, and not later."""
    known = ops.expand_dims(window, 2) == ops.expand_dims(window, 1)
    if causal:
        place = ops.arange(ops.shape(window)[1])
        earlier = ops.expand_dims(place, 1) >= ops.expand_dims(place, 0)
        # of one rank: without it TensorFlow's broadcast costs a third of a whole training step
        known = ops.logical_and(known, ops.expand_dims(earlier, 0))
    return known


@keras.saving.register_keras_serializable("tfmmrec")
class SequenceAttention(keras.layers.Layer):
    """Residual pre-norm attention with a learned bias per head and distance (T5, Raffel 2020).

    Call: ``(x [B, S, D], window int [B, S]) → [B, S, D]`` with S ≤ `length`: a place attends to those of its
    own window. Not causal: no bias, no order.
    """

    def __init__(
        self, width: int, heads: int, length: int, dropout: float, causal: bool, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads, got width={width} and heads={heads}.")
        self.width, self.heads, self.length = width, heads, length
        self.dropout, self.causal = dropout, causal
        self.norm = keras.layers.RMSNormalization(name="norm")
        self.projection = keras.layers.Dense(3 * width, use_bias=False, name="query_key_value")
        self.output_projection = keras.layers.Dense(width, use_bias=False, name="output")
        self.drop = Dropout(dropout, name="drop")

    def build(self, shape: tuple[int | None, ...], *_: Any) -> None:
        self.norm.build(shape)
        self.projection.build(shape)
        self.output_projection.build(shape)
        if self.causal:
            self.distance_bias = self.add_weight(
                shape=(self.heads, self.length), initializer="zeros", name="distance_bias"
            )

    def call(self, x: Any, window: Any, training: bool | None = None) -> Any:
        steps = ops.shape(x)[1]
        size = self.width // self.heads
        projected = ops.reshape(self.projection(self.norm(x)), (-1, steps, 3, self.heads, size))
        query, key, value = (ops.transpose(projected[:, :, i], (0, 2, 1, 3)) for i in range(3))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * size**-0.5
        if self.causal:
            place = ops.arange(steps)
            distance = ops.expand_dims(place, 1) - ops.expand_dims(place, 0)
            bias = ops.take(self.distance_bias, ops.maximum(distance, 0), axis=1)
            scores = scores + ops.cast(ops.expand_dims(bias, 0), scores.dtype)
        allowed = ops.expand_dims(_known(window, self.causal), 1)
        scores = ops.where(allowed, scores, ops.cast(-1e4, scores.dtype))
        weights = ops.softmax(scores, axis=-1)
        read = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        read = self.output_projection(ops.reshape(read, (-1, steps, self.width)))
        return x + self.drop(read, training=training)

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        names = ("width", "heads", "length", "dropout", "causal")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
