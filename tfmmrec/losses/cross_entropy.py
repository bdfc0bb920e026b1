"""Cross-entropies per example, from logits; the weights come afterwards and never before the reduction."""

from __future__ import annotations

from typing import Any

from keras import ops


def binary_cross_entropy(label: Any, logit: Any) -> Any:
    """``−y log σ(z) − (1 − y) log(1 − σ(z))`` per example, stable for any logit; shapes ``[...]``."""
    logit = ops.cast(logit, "float32")
    return ops.relu(logit) - logit * label + ops.softplus(-ops.abs(logit))


def categorical_cross_entropy(label: Any, logits: Any) -> Any:
    """``−log softmax(logits)[label]`` per example: int ``[...]``, float ``[..., C]`` → ``[...]``."""
    log_probability = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)
    chosen = ops.expand_dims(ops.cast(label, "int32"), -1)
    return -ops.squeeze(ops.take_along_axis(log_probability, chosen, axis=-1), -1)
