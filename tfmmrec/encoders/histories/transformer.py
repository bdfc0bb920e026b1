"""Attention to what went before, by a learned bias of distance."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders.histories.history_encoder import HistoryEncoder, known_places
from tfmmrec.layers import Dropout, FeedForward


@keras.saving.register_keras_serializable("tfmmrec.histories")
class Transformer(HistoryEncoder):
    """Causal Transformer over a user's events (SASRec, Kang 2018), or one over the set of the user's items.

    Without layers a state is the sum of what it knows, brought to one scale by the norm at the end.
    """

    ordered: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shape = (self.width, self.heads, self.length + 1)
        self.attentions = [
            SequenceAttention(*shape, self.dropout, self.causal, name=f"attention_{i}")
            for i in range(self.layers)
        ]
        self.feed_forwards = [
            FeedForward(self.width, self.dropout, name=f"feed_forward_{i}") for i in range(self.layers)
        ]
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        super().build()
        for layer in (*self.attentions, *self.feed_forwards, self.norm):
            layer.build((None, self.length + 1, self.width))

    def read(self, x: Any, window: Any, time: Any, training: bool | None) -> Any:
        if not self.attentions:
            x = ops.matmul(ops.cast(known_places(window, self.causal), x.dtype), x)
        for attention, feed_forward in zip(self.attentions, self.feed_forwards, strict=True):
            x = feed_forward(attention(x, window, training=training), training=training)
        return self.norm(x if self.causal else x[:, :1])

    def numbers(self, places: int) -> int:
        return super().numbers(places) + attention_numbers(self.heads, places)


def attention_numbers(heads: int, places: int) -> int:
    """Numbers of all pairs of places that attention holds at once: score, masked score, weight."""
    return 3 * heads * places**2


@keras.saving.register_keras_serializable("tfmmrec.histories")
class SequenceAttention(keras.layers.Layer):
    """Residual pre-norm attention with a learned bias per head and distance (T5, Raffel 2020).

    Call: ``(x [B, S, D], window int [B, S]) → [B, S, D]`` with S ≤ `length`: a place attends to those of its
    own window, to none later, or with `both_sides` to all, by a bias for each distance before and after. Not
    causal: no bias, no order.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        length: int,
        dropout: float,
        causal: bool,
        both_sides: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads, got width={width} and heads={heads}.")
        self.width, self.heads, self.length = width, heads, length
        self.dropout, self.causal, self.both_sides = dropout, causal, both_sides
        self.norm = keras.layers.RMSNormalization(name="norm")
        self.projection = keras.layers.Dense(3 * width, use_bias=False, name="query_key_value")
        self.output_projection = keras.layers.Dense(width, use_bias=False, name="output")
        self.drop = Dropout(dropout, name="drop")

    def build(self, shape: tuple[int | None, ...], *_: Any) -> None:
        self.norm.build(shape)
        self.projection.build(shape)
        self.output_projection.build(shape)
        if self.causal:
            distances = 2 * self.length - 1 if self.both_sides else self.length
            self.distance_bias = self.add_weight(
                shape=(self.heads, distances), initializer="zeros", name="distance_bias"
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
            distance = distance + self.length - 1 if self.both_sides else ops.maximum(distance, 0)
            bias = ops.take(self.distance_bias, distance, axis=1)
            scores = scores + ops.cast(ops.expand_dims(bias, 0), scores.dtype)
        allowed = ops.expand_dims(known_places(window, self.causal and not self.both_sides), 1)
        scores = ops.where(allowed, scores, ops.cast(-1e4, scores.dtype))
        weights = ops.softmax(scores, axis=-1)
        read = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        read = self.output_projection(ops.reshape(read, (-1, steps, self.width)))
        return x + self.drop(read, training=training)

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        names = ("width", "heads", "length", "dropout", "causal", "both_sides")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
