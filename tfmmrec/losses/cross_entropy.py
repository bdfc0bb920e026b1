"""Cross-entropies, plain and focal, per example and from logits; weights come after, before any reduction."""

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


def binary_focal(label: Any, logit: Any, gamma: float = 2.0) -> Any:
    """``(1 − p)^γ`` times the binary cross-entropy, p being the chance given to the label (Lin, 2017).

    What is told well already counts little; γ = 0 is the cross-entropy. Shapes as there. Class weights are
    the paper's α.
    """
    losses = binary_cross_entropy(label, logit)
    return ops.power(ops.maximum(-ops.expm1(-losses), 1e-7), gamma) * losses


def categorical_focal(label: Any, logits: Any, gamma: float = 2.0) -> Any:
    """``(1 − p)^γ`` times the cross-entropy, p being the chance given to the label's class (Lin, 2017)."""
    losses = categorical_cross_entropy(label, logits)
    return ops.power(ops.maximum(-ops.expm1(-losses), 1e-7), gamma) * losses
