"""The best of a few items that a query lists: they alone are scored."""

from __future__ import annotations

from typing import Any

from tfmmrec.retrieval.exact import best
from tfmmrec.retrieval.index import Passes, rows_of


def search_listed(
    vectors: Any, queries: Any, k: Any, listed: Any, excluded: Any, passes: Passes | None = None
) -> tuple[Any, Any]:
    """What `Index.search` would find if the catalogue were each query's list: time and memory ``B × L × D``.

    Args:
        vectors: float32 ``[N, D]``, the catalogue's.
        queries: float32 ``[B, D]``.
        k: int32 ``[B]``; see `Index.search`, as the others.
        listed: int32 ``[B, L]``, rows; −1 is padding, and what comes twice is found once.
        excluded: int32 ``[B, ?]``.
        passes: which items may be found; None is all of them.

    Returns:
        rows int32 ``[B, max(k)]``, −1 where there is none, and scores float32 ``[B, max(k)]``, NaN where
        there is none.
    """
    import tensorflow as tf

    rows = tf.sort(listed, axis=1)  # of equal scores the lower row comes first
    again = tf.pad(rows[:, 1:] == rows[:, :-1], [[0, 0], [1, 0]])[:, : tf.shape(rows)[1]]
    # sorted and searched: lists and exclusions of a thousand each are a million pairs
    barred = tf.pad(tf.sort(excluded, axis=1), [[0, 0], [0, 1]], constant_values=tf.int32.max)
    met = tf.gather(barred, tf.searchsorted(barred, rows), batch_dims=1) == rows
    there = (rows >= 0) & ~again & ~met
    rows = tf.maximum(rows, 0)
    if passes is not None:
        there &= passes(rows, tf.range(tf.shape(rows)[0]))
    scores = tf.squeeze(tf.matmul(rows_of(vectors, rows), queries[:, :, None]), axis=-1)
    columns, scores = best(tf.where(there, scores, float("-inf")), k)
    found = tf.gather(tf.pad(rows, [[0, 0], [0, 1]]), tf.maximum(columns, 0), batch_dims=1)
    return tf.where(columns >= 0, found, -1), scores
