"""Waves of learned frequencies."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from tfmmrec.encoders.numbers.number_encoder import NumberEncoder


@keras.saving.register_keras_serializable("tfmmrec.numbers")
class Periodic(NumberEncoder):
    """``W relu(W' [sin 2πcx, cos 2πcx])`` of learned frequencies c (PLR, Gorishniy 2022).

    Tells apart values that a smooth map of the number takes for nearly the same.

    Args:
        frequencies: of each number.
        scale: standard deviation of the frequencies at first, per standard deviation of the number; the
            larger, the finer the differences that are seen.

    Raises:
        ValueError: there is no frequency, or the scale is not above 0.
    """

    def __init__(
        self, width: int, inputs: int, frequencies: int = 16, scale: float = 0.5, **kwargs: Any
    ) -> None:
        super().__init__(width, inputs, **kwargs)
        if frequencies < 1 or not scale > 0:
            raise ValueError(
                f"Periodic needs 1 frequency or more and a scale above 0, got {frequencies} and {scale}."
            )
        self.frequencies, self.scale = frequencies, scale
        self.hidden = keras.layers.Dense(width, activation="relu", name="hidden")
        self.projection = keras.layers.Dense(width, name="projection")

    def build(self, *_: Any) -> None:
        self.frequency = self.add_weight(
            shape=(self.inputs, self.frequencies),
            initializer=keras.initializers.RandomNormal(stddev=self.scale),
            name="frequency",
            autocast=False,
        )
        self.hidden.build((None, 2 * self.inputs * self.frequencies))
        self.projection.build((None, self.width))

    def encode(self, numbers: Any) -> Any:
        # in float32: of a large angle half precision leaves nothing but its rounding
        angles = 2 * math.pi * ops.expand_dims(ops.cast(numbers, "float32"), -1) * self.frequency
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        return self.projection(self.hidden(ops.reshape(waves, (-1, 2 * self.inputs * self.frequencies))))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "frequencies": self.frequencies, "scale": self.scale}
