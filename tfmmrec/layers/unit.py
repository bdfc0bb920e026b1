"""Vectors of length one, so that their products are cosines."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_LEAST = 1e-12  # of a squared length: zeros stay zeros


def unit(x: Any) -> Any:
    """``[..., D]`` divided by its length over the last axis; computed in float32, zeros stay zeros."""
    wide = ops.cast(x, "float32")
    length = ops.sqrt(ops.maximum(ops.sum(ops.square(wide), axis=-1, keepdims=True), _LEAST))
    return ops.cast(wide / length, keras.backend.standardize_dtype(x.dtype))


@keras.saving.register_keras_serializable("tfmmrec")
class Unit(keras.layers.Layer):
    """Gives every vector ``[..., D]`` the same length.

    Args:
        length: that it has then.
    """

    def __init__(self, length: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length

    def call(self, x: Any) -> Any:
        return unit(x) * self.length

    def compute_output_shape(self, shape: Any) -> Any:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "length": self.length}
