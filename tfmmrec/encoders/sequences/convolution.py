"""Neighbours, and with each layer neighbours further away."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.sequences.sequence_encoder import SequenceEncoder


@keras.saving.register_keras_serializable("tfmmrec.sequences")
class Convolution(SequenceEncoder):
    """Residual one-dimensional convolutions, twice as far apart in each layer (TCN, Bai 2018).

    Both sides are seen. ``x + W gelu(Conv(norm(x)))``, with zeros for what is masked.

    Args:
        window: places that a convolution sees, an odd number.

    Raises:
        ValueError: an even window.
    """

    def __init__(self, width: int, length: int, layers: int = 1, window: int = 3, **kwargs: Any) -> None:
        super().__init__(width, length, layers, **kwargs)
        if window < 1 or window % 2 == 0:
            raise ValueError(f"Convolution needs an odd window, which has a middle; got {window}.")
        self.window = window
        self.norms = [keras.layers.RMSNormalization(name=f"norm_{i}") for i in range(layers)]
        self.convolutions = [
            keras.layers.Conv1D(width, window, padding="same", dilation_rate=2**i, name=f"convolution_{i}")
            for i in range(layers)
        ]
        self.projections = [keras.layers.Dense(width, name=f"projection_{i}") for i in range(layers)]

    def build(self, *_: Any) -> None:
        for layer in (*self.norms, *self.convolutions, *self.projections):
            layer.build((None, self.length, self.width))

    def encode(self, x: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        known = ops.cast(ops.expand_dims(mask, -1), x.dtype)
        for norm, convolution, projection in zip(
            self.norms, self.convolutions, self.projections, strict=True
        ):
            x = (x + projection(ops.gelu(convolution(norm(x))))) * known
        return x, mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "window": self.window}
