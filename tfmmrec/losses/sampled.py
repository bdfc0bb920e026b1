"""Losses of a position's own item against sampled others, from their logits."""

from __future__ import annotations

from typing import Any

from keras import ops


def against_sample(
    hidden: Any, target: Any, target_vectors: Any, candidate_rows: Any, candidates: Any, log_q: Any
) -> tuple[Any, Any, Any]:
    """Logits of targets and of candidates, and what each candidate stands for.

    A candidate's share is in proportion to ``1 / q``, q its chance to be in the sample: means by shares are
    means over the catalogue, however unevenly it was sampled (Hájek, 1971). A position's own item and padding
    have a share of 0.

    Args:
        hidden: ``[P, D]``.
        target: int ``[P]``, the target's number.
        target_vectors: ``[P, D]``.
        candidate_rows: int ``[C]``, the candidates' numbers, each once; negative means padding.
        candidates: ``[C, D]``.
        log_q: float ``[C]``, log of each candidate's chance.

    Returns:
        float32 ``[P]``, ``[P, C]`` and the shares ``[P, C]``, which sum to 1 (to 0 where there is no other).
    """
    positive = ops.sum(ops.cast(hidden, "float32") * ops.cast(target_vectors, "float32"), axis=-1)
    logits = ops.cast(ops.matmul(hidden, ops.transpose(candidates)), "float32")
    rows, target = ops.cast(candidate_rows, "int32"), ops.cast(target, "int32")
    other = ops.logical_and(ops.expand_dims(rows, 0) != ops.expand_dims(target, 1), rows >= 0)
    share = ops.where(other, ops.exp(-ops.cast(log_q, "float32")), 0.0)
    return positive, logits, share / ops.maximum(ops.sum(share, axis=1, keepdims=True), 1e-9)


def bpr(positive: Any, negatives: Any, share: Any) -> Any:
    """``−Σ_j share_j log σ(s⁺ − s_j)`` per position: is the own item above the others? (Rendle, 2009)

    Args:
        positive: ``[P]``.
        negatives: ``[P, C]``.
        share: ``[P, C]``; see `against_sample`.
    """
    return ops.sum(share * ops.softplus(negatives - ops.expand_dims(positive, 1)), axis=1)


def gbce(positive: Any, negatives: Any, share: Any, items: int, calibration: float = 0.75) -> Any:
    """Generalised binary cross-entropy per position (Petrov & Macdonald, 2023: gSASRec).

    ``−(β log σ(s⁺) + k Σ_j share_j log(1 − σ(s_j))) / (k + 1)`` with k negatives of `items` items. As only a
    share ``α = k / (items − 1)`` of the negatives is seen, σ would be too sure;
    ``β = α (t (1 − 1/α) + 1/α) = 1 − t (1 − α)`` makes up for it: t = 0 is the plain cross-entropy, t = 1
    calibrates fully.

    Args:
        positive: ``[P]``.
        negatives: ``[P, C]``.
        share: ``[P, C]``; see `against_sample`.
        items: of the catalogue.
        calibration: t.
    """
    count = ops.sum(ops.cast(share > 0, "float32"), axis=1)
    power = 1 - calibration * (1 - ops.minimum(count / max(1, items - 1), 1.0))
    others = count * ops.sum(share * ops.softplus(negatives), axis=1)
    return (power * ops.softplus(-positive) + others) / (count + 1)
