"""Convolutions over the past, twice as far apart in each layer."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.histories.history_encoder import HistoryEncoder, shifted
from tfmmrec.layers import Dropout


@keras.saving.register_keras_serializable("tfmmrec.histories")
class NextItNet(HistoryEncoder):
    """Residual blocks of causal dilated convolutions over a user's events (NextItNet, Yuan 2019).

    ``x + W gelu(Conv(norm(x)))``, where layer i convolves events ``2ⁱ`` places apart: of its window alone.
    So many layers see ``1 + (window − 1)(2^layers − 1)`` events.

    Args:
        window: events that a convolution sees.

    Raises:
        ValueError: a window below 2 sees no past.
    """

    def __init__(self, *args: Any, window: int = 3, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if window < 2:
            raise ValueError(f"NextItNet needs a window of 2 events or more, got {window}.")
        self.window = window
        self.norms = [keras.layers.RMSNormalization(name=f"norm_{i}") for i in range(self.layers)]
        self.convolutions = [
            keras.layers.Dense(self.width, name=f"convolution_{i}") for i in range(self.layers)
        ]
        self.projections = [
            keras.layers.Dense(self.width, name=f"projection_{i}") for i in range(self.layers)
        ]
        self.drop = Dropout(self.dropout, name="drop")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        super().build()
        shape = (None, None, self.width)
        for layer in (*self.norms, *self.projections, self.norm):
            layer.build(shape)
        for convolution in self.convolutions:
            convolution.build((None, None, self.window * self.width))

    def read(self, x: Any, window: Any, time: Any, training: bool | None) -> Any:
        layers = zip(self.norms, self.convolutions, self.projections, strict=True)
        for i, (norm, convolution, projection) in enumerate(layers):
            normed = norm(x)
            seen = [shifted(normed, window, place * 2**i) for place in range(self.window)]
            hidden = ops.gelu(convolution(ops.concatenate(seen, axis=-1)))
            x = x + self.drop(projection(hidden), training=training)
        return self.norm(x)

    def numbers(self, places: int) -> int:
        return super().numbers(places) + 2 * self.window * self.width * places

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "window": self.window}
