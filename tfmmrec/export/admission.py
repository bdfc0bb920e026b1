"""Which items a request admits: of those it allows the ones that pass its filters and are not excluded."""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

from tfmmrec.export.filters import Filters
from tfmmrec.export.raw_feature import is_present
from tfmmrec.retrieval import Index
from tfmmrec.retrieval.index import Passes
from tfmmrec.retrieval.listed import search_listed

Tensors = dict[str, Any]

_SHORT = 1024
"""Places, at most, of an allow-list whose items alone are scored."""


class Admission:
    """An index, asked for what a request admits by ``allow`` and ``filter_…``.

    Where every row of a batch brings a short list of what it allows, these items alone are scored. A batch
    that restricts nothing is searched as if there were no such inputs.

    Args:
        index: of the catalogue.
        vectors: float32 ``[N, D]``, what it searches.
        find: from ids to rows of the catalogue, −1 where there is no such item.
        filters: on attributes.

    Attributes:
        index: as it was given.
    """

    def __init__(self, index: Index, vectors: Any, find: Callable[[Any], Any], filters: Filters) -> None:
        self.index, self._vectors, self._find, self._filters = index, vectors, find, filters

    def specs(self) -> Tensors:
        """The inputs that say what is admitted."""
        import tensorflow as tf

        return {"allow": tf.TensorSpec([None, None], tf.string, "allow"), **self._filters.specs()}

    def search(self, request: Tensors, queries: Any, k: Any, excluded: Any) -> tuple[Any, Any]:
        """The best items that are admitted; see `Index.search`."""
        import tensorflow as tf

        allow = request["allow"]
        restricts = tf.reduce_any(is_present(allow), axis=1)
        filtered = self._filters.given(request)

        def everywhere() -> tuple[Any, Any]:
            return self.index.search(queries, k, excluded)

        def among_listed() -> tuple[Any, Any]:
            passes = _all_of(self._filters.passing(request))
            return search_listed(self._vectors, queries, k, self._find(allow), excluded, passes)

        def among_passing() -> tuple[Any, Any]:
            listed = self._listed(self._find(allow), restricts)
            passes = _all_of([listed, *self._filters.passing(request)])
            return self.index.search(queries, k, excluded, passes=passes)

        def restricted() -> tuple[Any, Any]:
            short = tf.reduce_all(restricts | (k <= 0)) & (tf.shape(allow)[1] <= _SHORT)
            return tf.cond(short, among_listed, among_passing)

        return tf.cond(filtered | tf.reduce_any(restricts), restricted, everywhere)

    def _listed(self, rows: Any, restricts: Any) -> Passes:
        """What stands on each query's list ``[B, ?]``; everything where `restricts` ``[B]`` is not."""
        import tensorflow as tf

        known = tf.where(rows >= 0)
        places = tf.stack([known[:, 0], tf.cast(tf.gather_nd(rows, known), tf.int64)], axis=1)
        everything = tf.repeat(~restricts[:, None], self._vectors.shape[0], axis=1)
        marks = tf.tensor_scatter_nd_update(everything, places, tf.fill(tf.shape(known)[:1], True))

        def passes(asked: Any, queries: Any) -> Any:
            return tf.gather(tf.gather(marks, queries), asked, batch_dims=1)

        return passes


def _all_of(conditions: list[Passes]) -> Passes | None:
    """What passes all of them; None where there are none."""
    if not conditions:
        return None

    def passes(rows: Any, queries: Any) -> Any:
        return reduce(operator.and_, [one(rows, queries) for one in conditions])

    return passes
