"""Losses of numbers, per example."""

from __future__ import annotations

from typing import Any

from keras import ops


def squared_error(label: Any, prediction: Any) -> Any:
    """``(y − ŷ)²``; shapes ``[...]``."""
    return ops.square(ops.cast(prediction, "float32") - label)


def huber(label: Any, prediction: Any, delta: float = 1.0) -> Any:
    """``½ e²`` where ``|e| ≤ δ``, else ``δ (|e| − ½ δ)``, of the error e (Huber, 1964); shapes ``[...]``."""
    error = ops.abs(ops.cast(prediction, "float32") - label)
    near = ops.minimum(error, delta)
    return near * (error - 0.5 * near)
