"""One place after the other, with a memory."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders.sequences.sequence_encoder import SequenceEncoder
from tfmmrec.layers import Recurrent


class RecurrentEncoder(SequenceEncoder):
    """Abstract: residual recurrent layers, ``x + rnn(norm(x))``; a subclass says which.

    Args:
        bidirectional: reads from both ends (Schuster 1997), and a state is a linear map of both readers'.
    """

    kind: ClassVar[str]

    def __init__(
        self, width: int, length: int, layers: int = 1, bidirectional: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(width, length, layers, **kwargs)
        self.bidirectional = bidirectional
        self.norms = [keras.layers.RMSNormalization(name=f"norm_{i}") for i in range(layers)]
        self.forwards = [Recurrent(self.kind, width, name=f"forwards_{i}") for i in range(layers)]
        self.backwards = [
            Recurrent(self.kind, width, backwards=True, name=f"backwards_{i}")
            for i in range(layers if bidirectional else 0)
        ]
        self.projections = [
            keras.layers.Dense(width, name=f"projection_{i}") for i in range(layers if bidirectional else 0)
        ]

    def build(self, *_: Any) -> None:
        for layer in (*self.norms, *self.forwards, *self.backwards):
            layer.build((None, self.length, self.width))
        for projection in self.projections:
            projection.build((None, self.length, 2 * self.width))

    def encode(self, x: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        for i, norm in enumerate(self.norms):
            normed = norm(x)
            states = self.forwards[i](normed, mask)
            if self.bidirectional:
                both = [states, self.backwards[i](normed, mask)]
                states = self.projections[i](ops.concatenate(both, axis=-1))
            x = x + states
        return x, mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bidirectional": self.bidirectional}


@keras.saving.register_keras_serializable("tfmmrec.sequences")
class GRU(RecurrentEncoder):
    """Gated recurrent units (Cho 2014)."""

    kind = "gru"


@keras.saving.register_keras_serializable("tfmmrec.sequences")
class LSTM(RecurrentEncoder):
    """Long short-term memory (Hochreiter 1997)."""

    kind = "lstm"
