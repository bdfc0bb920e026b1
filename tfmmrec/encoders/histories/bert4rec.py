"""What stands at a hidden place, told by all that stands around it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.histories.history_encoder import HIDDEN, HistoryEncoder
from tfmmrec.encoders.histories.transformer import SequenceAttention, attention_numbers
from tfmmrec.layers import FeedForward


@keras.saving.register_keras_serializable("tfmmrec.histories")
class BERT4Rec(HistoryEncoder):
    """Transformer over both sides of a hidden event, learnt as a cloze (BERT4Rec, Sun 2019).

    A place is an event's own: its state knows the events before and after it, and the event itself unless
    that is hidden. Training hides a random share of them and asks about these alone, so that no state knows
    what it is asked about. Behind the last event stands a place that has none, in training as in serving: its
    state is the user's. At hidden and empty places stands one learned token, the mask.

    Places are told apart by a learned bias of the distance to either side (T5, Raffel 2020), not by numbers
    as in the paper: where several windows stand in a row, places have none of their own.

    Args:
        masked: the share of events that training hides.

    Raises:
        ValueError: nothing or everything is hidden, or no layer brings what stands around.
    """

    masked: float = 0.2

    def __init__(self, *args: Any, masked: float = masked, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not 0 < masked < 1:
            raise ValueError(f"BERT4Rec: masked is a share of the events, above 0 and below 1, got {masked}.")
        if self.layers < 1:
            raise ValueError("BERT4Rec without layers knows nothing of a hidden event; it needs 1 or more.")
        self.masked = masked
        shape = (self.width, self.heads, self.length + 1)
        self.attentions = [
            SequenceAttention(*shape, self.dropout, True, both_sides=True, name=f"attention_{i}")
            for i in range(self.layers)
        ]
        self.feed_forwards = [
            FeedForward(self.width, self.dropout, name=f"feed_forward_{i}") for i in range(self.layers)
        ]
        self.projection = keras.layers.Dense(self.width, activation="gelu", name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        super().build()
        for layer in (*self.attentions, *self.feed_forwards, self.projection, self.norm):
            layer.build((None, self.length + 1, self.width))

    def place(self, events: Any, window: Any, time: Any) -> tuple[Any, Any, Any]:
        """As in the base, but of the event in the state's own place: the last of a window has none."""
        after = ops.pad(window[:, 1:], [[0, 0], [0, 1]], constant_values=-1)
        events, time = ops.pad(events, [[0, 0], [0, 1], [0, 0]]), ops.pad(time, [[0, 0], [0, 1]])
        reads = ops.logical_and(window == after, window >= 0)
        return events, time, ops.logical_and(reads, time != HIDDEN)

    def read(self, x: Any, window: Any, time: Any, training: bool | None) -> Any:
        for attention, feed_forward in zip(self.attentions, self.feed_forwards, strict=True):
            x = feed_forward(attention(x, window, training=training), training=training)
        return self.norm(self.projection(x))

    def numbers(self, places: int) -> int:
        return super().numbers(places) + attention_numbers(self.heads, places)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "masked": self.masked}
