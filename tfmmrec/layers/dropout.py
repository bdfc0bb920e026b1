"""Dropout that costs next to nothing: which values are hidden is a hash of their place and the step."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("tfmmrec")
class Dropout(keras.layers.Dropout):
    """Keras' layer with another source of chance; `rate`, seed, state and saved form are the same.

    Compiled by XLA for a CPU, the generators behind ``keras.random`` take about half a microsecond a number,
    many times what the layers around them take. Here a value is hidden where a hash of 32 bits of its place,
    begun with two numbers that the seed generator's state gives, is below the rate.
    """

    def call(self, x: Any, training: bool | None = False) -> Any:
        if not training or not self.rate:
            return x
        first, second = ops.unstack(ops.cast(self.seed_generator.next(), "uint32"), 2)
        # steps differ by 1 in one of the two: mixed, they have nothing in common
        first = _mixed(first + _mixed(second))
        second = _mixed(first + second)
        place = ops.cast(ops.arange(ops.size(x), dtype="int32"), "uint32")
        drawn = _mixed(_mixed(place + first) + second)
        kept = ops.reshape(drawn >= _uint32(round(self.rate * 2**32)), ops.shape(x))
        return ops.where(kept, x * (1 / (1 - self.rate)), ops.zeros_like(x))


def _mixed(x: Any) -> Any:
    """A bijection of uint32; each bit of the result hangs on each of `x` (MurmurHash3, Appleby 2011)."""
    x = ops.bitwise_xor(x, ops.right_shift(x, _uint32(16))) * _uint32(0x85EBCA6B)
    x = ops.bitwise_xor(x, ops.right_shift(x, _uint32(13))) * _uint32(0xC2B2AE35)
    return ops.bitwise_xor(x, ops.right_shift(x, _uint32(16)))


def _uint32(value: int) -> Any:
    return ops.convert_to_tensor(np.uint32(value))
