"""A vector by which another is scaled and moved, such as what a user said of an item."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("tfmmrec")
class FiLM(keras.layers.Layer):
    """``x ⊙ (1 + W c + b) + c``, feature-wise linear modulation (Perez 2018); all are ``[..., D]``.

    So an item that a user liked is not the sum of the item and of "liked", which would say the same of
    every item, but another vector than the item that was not. At first W and b are 0, and it is the sum.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.gain: Any = None

    def build(self, shape: tuple[int | None, ...], *_: Any) -> None:
        self.gain = keras.layers.Dense(shape[-1], kernel_initializer="zeros", name="gain")
        self.gain.build(shape)

    def call(self, x: Any, c: Any) -> Any:
        return x * (1 + self.gain(c)) + c

    def compute_output_shape(self, shape: tuple[int | None, ...], *_: Any) -> tuple[int | None, ...]:
        return shape
