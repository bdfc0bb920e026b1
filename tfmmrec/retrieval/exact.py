"""Every item is scored: exact, and the measure of every other index."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfmmrec.data.features import Progress
from tfmmrec.retrieval.index import Index, Passes, as_variable


class Exact(Index):
    """One matrix product and a top-k over all items: time and memory ``B × N`` of a batch."""

    def __init__(
        self, vectors: Any, queries: np.ndarray | None = None, progress: Progress | None = None
    ) -> None:
        del queries, progress  # nothing is tuned, nor built
        self.vectors = as_variable(vectors, "vectors")
        lengths = np.linalg.norm(self.vectors.numpy(), axis=1)
        scale = np.where(lengths > 0, 1 / np.maximum(lengths, np.finfo("float32").tiny), 0)
        self.scale = as_variable(scale, "scale")
        self.resources = [self.vectors, self.scale]
        self.measured = {}

    def search(
        self, queries: Any, k: Any, excluded: Any, cosine: bool = False, passes: Passes | None = None
    ) -> tuple[Any, Any]:
        import tensorflow as tf

        nothing = tf.constant(float("-inf"))
        if cosine:
            queries = tf.math.divide_no_nan(queries, tf.norm(queries, axis=-1, keepdims=True))
        scores = tf.matmul(queries, self.vectors, transpose_b=True)
        if cosine:
            scores *= self.scale
        count, items = tf.unstack(tf.shape(scores))
        if passes is not None:
            rows = tf.broadcast_to(tf.range(items), [count, items])
            scores = tf.where(passes(rows, tf.range(count)), scores, nothing)
        barred = tf.where((excluded >= 0) & (excluded < items))
        rows = tf.cast(tf.gather_nd(excluded, barred), tf.int64)
        places = tf.stack([barred[:, 0], rows], axis=1)
        scores = tf.tensor_scatter_nd_update(scores, places, tf.fill(tf.shape(rows), nothing))
        return best(scores, k)


def best(scores: Any, k: Any) -> tuple[Any, Any]:
    """The columns of the best scores, best first; of equal ones the lower column comes first.

    Args:
        scores: float32 ``[B, N]``, −∞ where there is nothing to be found.
        k: int32 ``[B]``, how many are wanted; below 0 is 0.

    Returns:
        columns int32 ``[B, max(k)]``, −1 where there is none, and scores float32 ``[B, max(k)]``, NaN where
        there is none.
    """
    import tensorflow as tf

    nothing = float("-inf")
    k = tf.maximum(k, 0)
    most = tf.reduce_max(k)
    scores, columns = tf.math.top_k(scores, tf.minimum(most, tf.shape(scores)[1]))
    lacking = [[0, 0], [0, most - tf.shape(columns)[1]]]
    scores = tf.pad(scores, lacking, constant_values=nothing)
    wanted = (tf.range(most) < k[:, None]) & (scores > nothing)
    return tf.where(wanted, tf.pad(columns, lacking), -1), tf.where(wanted, scores, float("nan"))
