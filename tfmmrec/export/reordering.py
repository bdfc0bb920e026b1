"""The best candidates in another order: by weights of the tasks, and unlike each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tfmmrec.export.conventions import Names
from tfmmrec.export.diversity import maximal_marginal_relevance
from tfmmrec.retrieval.index import rows_of

Tensors = dict[str, Any]

CANDIDATES = 100
"""Items that are put into another order, by default: as many as an index of cells answers by default."""


class Reordering:
    """Reads ``weight_…`` and ``diversity`` of a request, and orders the best of the index by them.

    A row that brings weights is ordered by the sum of weight times value: of a task the value is what is
    answered (a probability, a rating), of the retrieval score it is its place between the lowest (0) and the
    highest (1) of the row's candidates, as a score means nothing by itself. That sum, or without weights
    the score, is scaled to 0 … 1 in the same way before a row is diversified.

    Args:
        names: of the inputs.
        vectors: float32 ``[N, D]``, of which the cosines between items are.
        candidates: how many of a row are put into another order, where it does not want more.
    """

    def __init__(self, names: Names, vectors: Any, candidates: int) -> None:
        self._weights, self._vectors = names.weights, vectors
        self._candidates = min(candidates, vectors.shape[0])

    def specs(self) -> Tensors:
        """The inputs that say how items are ordered."""
        import tensorflow as tf

        names = ["diversity", *self._weights.values()]
        return {name: tf.TensorSpec([None], tf.float32, name) for name in names}

    def wanted(self, request: Tensors) -> Any:
        """int32 ``[B]``: how many items of a row have to be found, to be ordered and cut to its k."""
        import tensorflow as tf

        k = tf.maximum(request["k"], 0)
        reordered = self._weighted(request) | (self._diversity(request) > 0)
        return tf.where(reordered & (k > 0), tf.maximum(k, self._candidates), k)

    def order(
        self, request: Tensors, rows: Any, scores: Any, judge: Callable[[Any], Tensors]
    ) -> tuple[Any, Any]:
        """The k best of the candidates of each row, in the order it wants.

        Args:
            request: with ``k`` and the inputs of `specs`.
            rows: int32 ``[B, C]``, best first, −1 where there is none: the items `wanted`.
            scores: float32 ``[B, C]``, NaN where there is none.
            judge: from rows to the answers of the tasks ``[B, C]`` by name of the output.

        Returns:
            rows int32 ``[B, max(k)]`` and their scores.
        """
        import tensorflow as tf

        k = tf.maximum(request["k"], 0)
        most = tf.reduce_max(k)
        weighted, diversity = self._weighted(request), self._diversity(request)

        def by_weights() -> tuple[Any, Any, Any]:
            worth = _scaled(scores)
            values = {"score": worth, **judge(rows)}
            given = {name: request[key][:, None] for name, key in self._weights.items()}
            sums = [
                tf.where(tf.math.is_nan(weight), 0.0, weight * values[name]) for name, weight in given.items()
            ]
            worth = tf.where(weighted[:, None], tf.add_n(sums), worth)
            # of equal ones the higher score stays first, and what is none stays last
            worth, order = tf.math.top_k(tf.where(rows >= 0, worth, float("-inf")), tf.shape(rows)[1])
            return _picked(rows, order, -1), _picked(scores, order, float("nan")), worth

        def by_score() -> tuple[Any, Any, Any]:
            return rows, scores, scores

        found, of, worth = tf.cond(tf.reduce_any(weighted), by_weights, by_score)

        def diversified() -> tuple[Any, Any]:
            vectors = rows_of(self._vectors, tf.maximum(found, 0))
            relevance = _scaled(tf.where(found >= 0, worth, float("nan")))
            order = maximal_marginal_relevance(relevance, found >= 0, vectors, diversity, most)
            order = tf.where(diversity[:, None] > 0, order, tf.range(most))
            return _picked(found, order, -1), _picked(of, order, float("nan"))

        def as_found() -> tuple[Any, Any]:
            return found[:, :most], of[:, :most]

        found, of = tf.cond(tf.reduce_any(diversity > 0) & (most > 0), diversified, as_found)
        wanted = tf.range(most) < k[:, None]
        return tf.where(wanted, found, -1), tf.where(wanted, of, float("nan"))

    def _weighted(self, request: Tensors) -> Any:
        """bool ``[B]``: which rows bring a weight."""
        import tensorflow as tf

        weighted = tf.zeros_like(request["k"], tf.bool)
        for name in self._weights.values():
            weighted |= ~tf.math.is_nan(request[name])
        return weighted

    @staticmethod
    def _diversity(request: Tensors) -> Any:
        """float32 ``[B]`` in [0, 1]."""
        import tensorflow as tf

        diversity = request["diversity"]
        return tf.clip_by_value(tf.where(tf.math.is_nan(diversity), 0.0, diversity), 0.0, 1.0)


def _scaled(values: Any) -> Any:
    """Values ``[B, C]`` between the lowest (0) and the highest (1) of their row; 0 for NaN."""
    import tensorflow as tf

    there = ~tf.math.is_nan(values)
    low = tf.reduce_min(tf.where(there, values, float("inf")), axis=1, keepdims=True)
    high = tf.reduce_max(tf.where(there, values, float("-inf")), axis=1, keepdims=True)
    return tf.where(there, tf.math.divide_no_nan(values - low, high - low), 0.0)


def _picked(values: Any, order: Any, nothing: Any) -> Any:
    """Columns of values ``[B, C]`` in this order ``[B, K]``; `nothing` for a column −1."""
    import tensorflow as tf

    picked = tf.gather(values, tf.maximum(order, 0), batch_dims=1)
    return tf.where(order >= 0, picked, nothing)
