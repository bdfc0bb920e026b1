"""Two dense layers."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.encoders.numbers.number_encoder import NumberEncoder
from tfmmrec.layers import silu


@keras.saving.register_keras_serializable("tfmmrec.numbers")
class Dense(NumberEncoder):
    """``W₂ silu(W₁ x)``: smooth, and for numbers whose neighbours mean about the same."""

    def __init__(self, width: int, inputs: int, **kwargs: Any) -> None:
        super().__init__(width, inputs, **kwargs)
        self.hidden = keras.layers.Dense(width, activation=silu, name="hidden")
        self.projection = keras.layers.Dense(width, name="projection")

    def build(self, *_: Any) -> None:
        self.hidden.build((None, self.inputs))
        self.projection.build((None, self.width))

    def encode(self, numbers: Any) -> Any:
        return self.projection(self.hidden(numbers))
