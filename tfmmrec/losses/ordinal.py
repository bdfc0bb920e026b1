"""Loss of ordered classes: ratings of a few levels."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfmmrec.losses.cross_entropy import binary_cross_entropy


def ordinal_cross_entropy(label: Any, logits: Any) -> Any:
    """``Σ_l BCE([label > l], logits_l)`` per example: is it above level l? For all but the last (Cao, 2020).

    Args:
        label: ``[...]``, number of the level, from 0.
        logits: ``[..., L − 1]``.

    Returns:
        float32 ``[...]``.
    """
    logits = ops.cast(logits, "float32")
    levels = ops.arange(logits.shape[-1], dtype="float32")
    above = ops.cast(ops.expand_dims(ops.cast(label, "float32"), -1) > levels, "float32")
    return ops.sum(binary_cross_entropy(above, logits), axis=-1)
