"""From a user's events to what is known of the user after each of them."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.layers import Dropout

GAPS = 32
"""Buckets of the time between two events: 0 = unknown, then powers of two of seconds."""

UNKNOWN = -1
"""The time of an event that has none."""

HIDDEN = -2
"""The time of an event that training hides; see `HistoryEncoder.masked`."""

_VECTORS = 16  # of a place that a layer holds at once: residual, projections, feed-forward


class HistoryEncoder(keras.layers.Layer):
    """Abstract: reads a user's events in their order, or the set of the user's items.

    Call: ``(events [B, L, D], window int [B, L + 1], time int [B, L], user [W, D] or None)
    → states [B, L + 1, D]`` when causal. A window is a user's events; its states stand side by side in a row,
    at the places where `window` has its number, a row of `user`: the first state knows the user's features
    alone, each later one also the event that stands one place before it in `events`, and what went before. A
    row may hold several windows, which do not see each other; −1 is padding. `time` is in seconds since any
    moment, or `UNKNOWN`. Not causal: there is no order, a row is one window, and the one state ``[B, 1, D]``
    knows every event.

    A subclass implements `read`, and adds its layers in ``__init__`` and their weights in `build`. Its
    own arguments are given by name; those of all stand here alone.

    Args:
        length: L, at most.
        width: D.
        layers: how many it has one after the other.
        heads: attention heads, where it attends.
        dropout: the share of values hidden in training, of the input and of what each layer adds.
        causal: whether there is an order.
        timed: whether events have times; where they have none, all that `time` says is `UNKNOWN`.

    Attributes:
        ordered: it can read nothing that has no order.
        masked: the share of the events that training hides, and asks about alone: its states may know their
            own event and later ones, so long as these are not hidden. 0: none is hidden, each state is asked
            about what comes next, and may not know it.

    Raises:
        ValueError: it needs an order, and there is none.
    """

    ordered: ClassVar[bool] = True
    masked: float = 0.0

    def __init__(
        self,
        length: int,
        width: int,
        layers: int,
        heads: int = 4,
        dropout: float = 0.0,
        causal: bool = True,
        timed: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if self.ordered and not causal:
            raise ValueError(
                f"History(encoder={type(self).__name__!r}) reads events one after the other, and these have "
                'no order: give the schema a timestamp, or take the encoder "transformer" or "hstu".'
            )
        self.length, self.width, self.layers, self.heads = length, width, layers, heads
        self.dropout, self.causal, self.timed = dropout, causal, timed
        self.gap = keras.layers.Embedding(GAPS, width, name="gap") if causal else None
        self.input_dropout = Dropout(dropout, name="input_dropout")

    def build(self, *_: Any) -> None:
        self.start = self.add_weight(
            shape=(self.width,), initializer=keras.initializers.RandomNormal(stddev=0.02), name="start"
        )
        if self.gap:
            self.gap.build()

    def call(
        self, events: Any, window: Any, time: Any, user: Any = None, training: bool | None = None
    ) -> Any:
        x, time, reads = self.place(events, window, time)
        time = ops.where(reads, time, UNKNOWN)
        if self.gap:
            before = ops.pad(time[:, :-1], [[0, 0], [1, 0]], constant_values=UNKNOWN)
            x = x + self.gap(gap_buckets(before, time))
        x = ops.where(ops.expand_dims(reads, -1), x, ops.cast(self.start, x.dtype))
        if user is not None:
            x = x + ops.take(user, ops.maximum(window, 0), axis=0)
        return self.read(self.input_dropout(x, training=training), window, time, training)

    def place(self, events: Any, window: Any, time: Any) -> tuple[Any, Any, Any]:
        """What each state reads: an event ``[B, S, D]``, its time ``[B, S]``, and whether it does ``[B, S]``.

        It is the event one place before, unless that belongs to another window or to none.
        """
        before = ops.pad(window[:, :-1], [[0, 0], [1, 0]], constant_values=-1)
        reads = ops.logical_and(window == before, window >= 0)
        return ops.pad(events, [[0, 0], [1, 0], [0, 0]]), ops.pad(time, [[0, 0], [1, 0]]), reads

    def read(self, x: Any, window: Any, time: Any, training: bool | None) -> Any:
        """``(x [B, S, D], window int [B, S], time int [B, S]) → [B, S, D]``, ``[B, 1, D]`` when not causal.

        A place of `x` is what one event adds, at its time; the first of a window is what is known before any.
        No place may know a later one, unless events are hidden in training, nor one of another window; at
        padding stand finite numbers that none may know.
        """
        raise NotImplementedError

    def numbers(self, places: int) -> int:
        """How many numbers are held at once, about, to read a row of so many places outside training."""
        return _VECTORS * self.width * places

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        steps = None if shape[1] is None else shape[1] + 1
        return (shape[0], steps if self.causal else 1, self.width)

    def get_config(self) -> dict[str, Any]:
        names = ("length", "width", "layers", "heads", "dropout", "causal", "timed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def gap_buckets(earlier: Any, later: Any) -> Any:
    """The time between two events: int32 bucket ``1 + ⌊log₂(1 + s)⌋`` of s seconds, below `GAPS`.

    0 where one of them is `UNKNOWN`; a negative time counts as none. In whole numbers: no logarithm is
    rounded in one place as it is not in another.
    """
    rest, bucket = 1 + ops.clip(later - earlier, 0, 2**31 - 2), 1
    for step in (16, 8, 4, 2, 1):
        above = rest >= 2**step
        bucket = bucket + ops.where(above, step, 0)
        rest = ops.where(above, ops.right_shift(rest, step), rest)
    return ops.where(ops.logical_and(earlier >= 0, later >= 0), bucket, 0)


def known_places(window: Any, causal: bool) -> Any:
    """bool ``[B, S, S]`` of int ``[B, S]``: whether a place knows another: of its window, and not later."""
    known = ops.expand_dims(window, 2) == ops.expand_dims(window, 1)
    if causal:
        place = ops.arange(ops.shape(window)[1])
        earlier = ops.expand_dims(place, 1) >= ops.expand_dims(place, 0)
        # of one rank: without it TensorFlow's broadcast costs a third of a whole training step
        known = ops.logical_and(known, ops.expand_dims(earlier, 0))
    return known


def shifted(x: Any, window: Any, places: int) -> Any:
    """What of ``[B, S, D]`` stood so many places before; zeros where that is another window."""
    if not places:
        return x
    steps = ops.shape(x)[1]
    before = ops.pad(window, [[0, 0], [places, 0]], constant_values=-1)[:, :steps]
    moved = ops.pad(x, [[0, 0], [places, 0], [0, 0]])[:, :steps]
    return ops.where(ops.expand_dims(before == window, -1), moved, ops.zeros_like(moved))
