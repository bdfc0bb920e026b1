"""Every item is scored: exact, and the measure of every other index."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfmmrec.retrieval.index import Index, as_variable


class Exact(Index):
    """One matrix product and a top-k over all items: time and memory ``B × N`` of a batch."""

    def __init__(self, vectors: Any, queries: np.ndarray | None = None) -> None:
        del queries  # nothing is tuned
        self.vectors = as_variable(vectors, "vectors")
        lengths = np.linalg.norm(self.vectors.numpy(), axis=1)
        scale = np.where(lengths > 0, 1 / np.maximum(lengths, np.finfo("float32").tiny), 0)
        self.scale = as_variable(scale, "scale")
        self.resources = [self.vectors, self.scale]
        self.measured = {}

    def search(self, queries: Any, k: Any, excluded: Any, cosine: bool = False) -> tuple[Any, Any]:
        import tensorflow as tf

        nothing = tf.constant(float("-inf"))
        if cosine:
            queries = tf.math.divide_no_nan(queries, tf.norm(queries, axis=-1, keepdims=True))
        scores = tf.matmul(queries, self.vectors, transpose_b=True)
        if cosine:
            scores *= self.scale
        items = tf.shape(scores)[1]
        barred = tf.where((excluded >= 0) & (excluded < items))
        rows = tf.cast(tf.gather_nd(excluded, barred), tf.int64)
        places = tf.stack([barred[:, 0], rows], axis=1)
        scores = tf.tensor_scatter_nd_update(scores, places, tf.fill(tf.shape(rows), nothing))

        k = tf.maximum(k, 0)
        columns = tf.reduce_max(k)
        scores, rows = tf.math.top_k(scores, tf.minimum(columns, items))  # ties: the lower row first
        lacking = [[0, 0], [0, columns - tf.shape(rows)[1]]]
        scores = tf.pad(scores, lacking, constant_values=nothing)
        rows = tf.pad(rows, lacking)
        wanted = (tf.range(columns) < k[:, None]) & (scores > nothing)
        return tf.where(wanted, rows, -1), tf.where(wanted, scores, float("nan"))
