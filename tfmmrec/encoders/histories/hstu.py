"""Attention without a softmax, gated by what reads."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders.histories.history_encoder import GAPS, HistoryEncoder, gap_buckets, known_places
from tfmmrec.layers import Dropout, silu


@keras.saving.register_keras_serializable("tfmmrec.histories")
class HSTU(HistoryEncoder):
    """Hierarchical sequential transduction units (HSTU, Zhai 2024).

    A place has the time of the event that it reads: nobody says when the next one will be.
    """

    ordered: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        shape = (self.width, self.heads, self.length + 1)
        self.units = [
            TransductionUnit(*shape, self.dropout, self.causal, self.timed, name=f"unit_{i}")
            for i in range(self.layers)
        ]
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        super().build()
        for layer in (*self.units, self.norm):
            layer.build((None, self.length + 1, self.width))

    def read(self, x: Any, window: Any, time: Any, training: bool | None) -> Any:
        between = None
        if self.causal and self.timed:
            between = gap_buckets(ops.expand_dims(time, 1), ops.expand_dims(time, 2))
        for unit in self.units:
            x = unit(x, window, between, training=training)
        return self.norm(x if self.causal else x[:, :1])

    def numbers(self, places: int) -> int:
        # of a pair of places and a head: score, bias of distance, weight
        of_pair = 3 * self.heads
        if self.causal and self.timed:  # and of time; of a pair: what its bucket is made of
            of_pair += self.heads + 4
        return super().numbers(places) + of_pair * places**2


@keras.saving.register_keras_serializable("tfmmrec.histories")
class TransductionUnit(keras.layers.Layer):
    """``x + W(norm(A V) ⊙ U)`` with ``U, V, Q, K = silu(W' norm(x))`` and ``A = silu(Q Kᵀ + p + t) / n``.

    p is a learned bias per head and distance, t one per head and time between the events, by powers of two of
    seconds; n is how many places a place knows, itself among them: of its window, and none later when causal.
    Not causal: no bias, no order. Not timed: none of time.

    Call: ``(x [B, S, D], window int [B, S], between int [B, S, S]) → [B, S, D]`` with S ≤ `length`; `between`
    is the bucket of the time from the second place to the first, None when not causal or not timed.
    """

    def __init__(
        self,
        width: int,
        heads: int,
        length: int,
        dropout: float,
        causal: bool,
        timed: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if width % heads:
            raise ValueError(f"width must be a multiple of heads, got width={width} and heads={heads}.")
        self.width, self.heads, self.length = width, heads, length
        self.dropout, self.causal, self.timed = dropout, causal, causal and timed
        self.norm = keras.layers.RMSNormalization(name="norm")
        self.projection = keras.layers.Dense(4 * width, activation=silu, name="projection")
        self.read_norm = keras.layers.RMSNormalization(name="read_norm")
        self.output_projection = keras.layers.Dense(width, name="output")
        self.drop = Dropout(dropout, name="drop")

    def build(self, shape: tuple[int | None, ...], *_: Any) -> None:
        for layer in (self.norm, self.projection, self.read_norm, self.output_projection):
            layer.build(shape)
        if self.causal:
            self.distance_bias = self.add_weight(
                shape=(self.heads, self.length), initializer="zeros", name="distance_bias"
            )
        if self.timed:
            self.time_bias = self.add_weight(shape=(GAPS, self.heads), initializer="zeros", name="time_bias")

    def call(self, x: Any, window: Any, between: Any = None, training: bool | None = None) -> Any:
        steps, size = ops.shape(x)[1], self.width // self.heads
        projected = ops.reshape(self.projection(self.norm(x)), (-1, steps, 4, self.heads, size))
        query, key, value = (ops.transpose(projected[:, :, i], (0, 2, 1, 3)) for i in range(3))
        gate = ops.reshape(projected[:, :, 3], (-1, steps, self.width))
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        if self.causal:
            place = ops.arange(steps)
            distance = ops.maximum(ops.expand_dims(place, 1) - ops.expand_dims(place, 0), 0)
            bias = ops.cast(ops.take(self.distance_bias, distance, axis=1), scores.dtype)
            scores = scores + ops.expand_dims(bias, 0)
        if self.timed:
            of_time = ops.take(ops.cast(self.time_bias, scores.dtype), between, axis=0)
            scores = scores + ops.transpose(of_time, (0, 3, 1, 2))
        known = ops.cast(ops.expand_dims(known_places(window, self.causal), 1), scores.dtype)
        weights = silu(scores) * known / ops.sum(known, axis=-1, keepdims=True)
        read = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        read = self.read_norm(ops.reshape(read, (-1, steps, self.width)))
        return x + self.drop(self.output_projection(read * gate), training=training)

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        return shape

    def get_config(self) -> dict[str, Any]:
        names = ("width", "heads", "length", "dropout", "causal", "timed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
