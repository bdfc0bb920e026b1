"""One event after the other, with a memory that is empty at the beginning of a window."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders.histories.history_encoder import HistoryEncoder
from tfmmrec.layers import Dropout, Recurrent


class RecurrentHistory(HistoryEncoder):
    """Abstract: residual recurrent layers, ``x + rnn(norm(x))``; a subclass says which."""

    kind: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.norms = [keras.layers.RMSNormalization(name=f"norm_{i}") for i in range(self.layers)]
        self.recurrents = [
            Recurrent(self.kind, self.width, name=f"{self.kind}_{i}") for i in range(self.layers)
        ]
        self.drop = Dropout(self.dropout, name="drop")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        super().build()
        for layer in (*self.norms, *self.recurrents, self.norm):
            layer.build((None, None, self.width))

    def read(self, x: Any, window: Any, time: Any, training: bool | None) -> Any:
        start = window != ops.pad(window[:, :-1], [[0, 0], [1, 0]], constant_values=-1)
        for norm, recurrent in zip(self.norms, self.recurrents, strict=True):
            x = x + self.drop(recurrent(norm(x), window >= 0, start), training=training)
        return self.norm(x)


@keras.saving.register_keras_serializable("tfmmrec.histories")
class GRU(RecurrentHistory):
    """Gated recurrent units over a user's events (GRU4Rec, Hidasi 2016)."""

    kind = "gru"


@keras.saving.register_keras_serializable("tfmmrec.histories")
class LSTM(RecurrentHistory):
    """Long short-term memory over a user's events (Hochreiter 1997)."""

    kind = "lstm"
