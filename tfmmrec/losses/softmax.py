"""Softmax over a catalogue that never holds all logits at once."""

from __future__ import annotations

from typing import Any

from keras import ops

_LOGITS = 1 << 22
"""Logits held at once: 16 MiB of float32, which stays near the cache of a CPU core."""


def chunked_softmax(
    hidden: Any, table: Any, target: Any, weight: Any, bias: Any = None, chunk: int | None = None
) -> Any:
    """Weighted sum of ``−log softmax(hidden · tableᵀ + bias)[target]``.

    Positions are worked off in chunks; each chunk's gradient is computed beside its loss, so that neither
    pass keeps logits (the idea of cut cross-entropy, Wijmans 2025). Those of weight 0 come last, and chunks
    of them alone are not computed: they are nearly all where only hidden events are asked about.

    Args:
        hidden: ``[P, D]`` states.
        table: ``[N, D]`` vectors of the candidates.
        target: int ``[P]`` rows of `table`; any value where the weight is 0.
        weight: float ``[P]``.
        bias: float ``[N]`` added to every position's logits, not trained; None for none.
        chunk: positions at once; by default what keeps about four million logits.

    Returns:
        A float32 scalar: the sum, to be divided by the sum of weights.
    """
    rows = table.shape[0]
    chunk = chunk or min(1024, max(16, _LOGITS // max(1, rows or 65_536)))
    positions = ops.shape(hidden)[0]
    width = hidden.shape[-1]
    lacking = -positions % chunk

    given = hidden, table
    hidden, table = ops.stop_gradient(hidden), ops.stop_gradient(table)
    targets = ops.clip(ops.cast(target, "int32"), 0, ops.shape(table)[0] - 1)
    weights = ops.stop_gradient(ops.cast(weight, "float32"))
    order = ops.argsort(ops.cast(weights == 0, "int32"))  # the positions that weigh first
    asked = -(-ops.sum(ops.cast(weights != 0, "int32")) // chunk)  # chunks that have one
    sorted_weights = ops.take(weights, order)
    weights_by_chunk = ops.reshape(ops.pad(sorted_weights, [[0, lacking]]), (-1, chunk, 1))
    shift = None if bias is None else ops.stop_gradient(ops.cast(bias, "float32"))

    in_order = ops.take(hidden, order, axis=0)
    stacked = ops.reshape(ops.pad(in_order, [[0, lacking], [0, 0]]), (-1, chunk, width))
    transposed = ops.transpose(table)

    def one_chunk(i: Any, carry: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        total, table_gradient, hidden_gradient = carry
        h, w = ops.take(stacked, i, 0), ops.take(weights_by_chunk, i, 0)
        logits = ops.cast(ops.matmul(h, transposed), "float32")
        if shift is not None:
            logits = logits + shift
        top = ops.max(logits, axis=-1, keepdims=True)
        exponent = ops.exp(logits - top)
        normaliser = ops.sum(exponent, axis=-1, keepdims=True)
        total = total + ops.sum(w * (ops.log(normaliser) + top))
        # the gradient of log Σ exp is the softmax; what divides a position's row is taken out of the
        # products, so that the logits are gone through as seldom as can be
        exponent, scale = ops.cast(exponent, h.dtype), w / normaliser
        scaled = ops.cast(ops.cast(h, "float32") * scale, h.dtype)
        written = ops.cast(ops.matmul(exponent, table), "float32") * scale
        return (
            total,
            table_gradient + ops.cast(ops.matmul(ops.transpose(scaled), exponent), "float32"),
            ops.scatter_update(hidden_gradient, ops.reshape(i, (1, 1)), ops.expand_dims(written, 0)),
        )

    nothing = ops.zeros((), "float32")
    start = (nothing, ops.zeros((width, ops.shape(table)[0])), ops.zeros(ops.shape(stacked)))
    total, table_gradient, hidden_gradient = ops.fori_loop(0, asked, one_chunk, start)

    # the target's own term has one row of the table a position: no need of logits
    h, wanted = ops.cast(hidden, "float32"), ops.cast(ops.take(table, targets, axis=0), "float32")
    w = ops.expand_dims(weights, -1)
    total = total - ops.sum(w * h * wanted)
    if shift is not None:
        total = total - ops.sum(weights * ops.take(shift, targets))
    hidden_gradient = ops.reshape(hidden_gradient, (-1, width))[:positions]
    hidden_gradient = ops.take(hidden_gradient, ops.argsort(order), axis=0) - w * wanted
    table_gradient = ops.transpose(table_gradient) - ops.segment_sum(w * h, targets, ops.shape(table)[0])

    # Its value is `total`, as what was given less itself is 0, and its gradients are those found above. A
    # custom gradient would do, but TensorFlow keeps each graph that has one until the process ends.
    total = ops.stop_gradient(total)
    for x, kept, gradient in zip(given, (hidden, table), (hidden_gradient, table_gradient), strict=True):
        total = total + ops.sum(ops.stop_gradient(gradient) * ops.cast(x - kept, "float32"))
    return total


def sampled_softmax(
    hidden: Any, target: Any, target_vectors: Any, candidate_rows: Any, candidates: Any, log_q: Any
) -> Any:
    """Per-position ``−log softmax`` over the target and sampled candidates, with logQ correction.

    A candidate's logit is lowered by the log of its chance to be sampled (Bengio & Senécal 2008), which makes
    the gradient an unbiased-in-the-limit estimate of the full softmax's; the target, which is always there,
    is not corrected. A candidate that *is* the position's target (an accidental hit) is left out.

    Args:
        hidden: ``[P, D]``.
        target: int ``[P]``, the target's number.
        target_vectors: ``[P, D]``.
        candidate_rows: int ``[C]``, the candidates' numbers, each once; negative means padding.
        candidates: ``[C, D]``.
        log_q: float ``[C]``, log of the expected count of each in the sample; 0 for a sure candidate.

    Returns:
        float32 ``[P]``.
    """
    positive = ops.sum(ops.cast(hidden, "float32") * ops.cast(target_vectors, "float32"), axis=-1)
    logits = ops.cast(ops.matmul(hidden, ops.transpose(candidates)), "float32")
    logits = logits - ops.expand_dims(ops.cast(log_q, "float32"), 0)
    target = ops.cast(target, "int32")
    rows = ops.cast(candidate_rows, "int32")
    left_out = ops.logical_or(ops.expand_dims(rows, 0) == ops.expand_dims(target, 1), rows < 0)
    logits = ops.where(left_out, -1e9, logits)
    positive = ops.expand_dims(positive, 1)
    return ops.logsumexp(ops.concatenate([positive, logits], axis=1), axis=1) - positive[:, 0]
