"""Maximal marginal relevance: the next item is relevant, and unlike those that were chosen before."""

from __future__ import annotations

from typing import Any


def maximal_marginal_relevance(relevance: Any, there: Any, vectors: Any, diversity: Any, count: Any) -> Any:
    """Chooses items one by one (Carbonell and Goldstein, 1998).

    The first is the most relevant; each next one has the largest ``(1 − d) · relevance − d · cosine``, where
    the cosine is the largest of those with what was chosen already. Of equal ones the former is chosen.

    Args:
        relevance: float32 ``[B, C]``, between 0 and 1, so that it stands on the scale of cosines; the most
            relevant comes first.
        there: bool ``[B, C]``, what can be chosen.
        vectors: float32 ``[B, C, D]``, of which the cosines are.
        diversity: float32 ``[B]``, d in [0, 1].
        count: an int32, how many are chosen; at least 1, as C.

    Returns:
        int32 ``[B, count]``, columns in the order of choice; −1 where nothing is left.
    """
    import tensorflow as tf

    nothing = float("-inf")
    directions = tf.math.divide_no_nan(vectors, tf.norm(vectors, axis=-1, keepdims=True))
    diversity = diversity[:, None]
    relevance = (1 - diversity) * relevance
    candidates = tf.range(tf.shape(relevance)[1])

    def choose(step: Any, left: Any, nearest: Any, chosen: Any) -> tuple[Any, Any, Any, Any]:
        alike = tf.where(step > 0, nearest, 0.0)  # to nothing, at first
        worth = tf.where(left, relevance - diversity * alike, nothing)
        best = tf.argmax(worth, axis=1, output_type=tf.int32)
        direction = tf.gather(directions, best, batch_dims=1)
        cosine = tf.squeeze(tf.matmul(directions, direction[:, :, None]), axis=-1)
        chosen = chosen.write(step, tf.where(tf.reduce_any(left, axis=1), best, -1))
        return step + 1, left & (candidates != best[:, None]), tf.maximum(nearest, cosine), chosen

    chosen = tf.TensorArray(tf.int32, count, element_shape=[None])
    start = (tf.constant(0), there, tf.fill(tf.shape(relevance), nothing), chosen)
    _, _, _, chosen = tf.while_loop(lambda step, *_: step < count, choose, start)
    return tf.transpose(chosen.stack())
