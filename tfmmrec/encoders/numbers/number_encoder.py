"""From numbers to one token."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class NumberEncoder(keras.layers.Layer):
    """Abstract: ``{part: float [B] or [B, N]} → ([B, 1, D], mask [B, 1])``; NaN is missing.

    A subclass implements `encode` and adds its layers in ``__init__`` and weights in `build`.

    Args:
        width: D.
        inputs: N.
    """

    def __init__(self, width: int, inputs: int, **kwargs: Any) -> None:
        super().__init__(**{"autocast": False, **kwargs})  # its layers cast what they read
        self.width, self.inputs = width, inputs

    def call(self, parts: dict[str, Any]) -> tuple[Any, Any]:
        (numbers,) = parts.values()
        numbers = ops.reshape(numbers, (-1, self.inputs))
        present = ops.all(ops.isfinite(numbers), axis=-1, keepdims=True)
        # replaced before any arithmetic: NaN × 0 is NaN, also in the gradient
        numbers = ops.where(present, numbers, ops.zeros_like(numbers))
        return ops.expand_dims(self.encode(numbers), 1), present

    def encode(self, numbers: Any) -> Any:
        """``[B, N] → [B, D]``."""
        raise NotImplementedError

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        (shape,) = shapes.values()
        return (shape[0], 1, self.width), (shape[0], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "width": self.width, "inputs": self.inputs}
