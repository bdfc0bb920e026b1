"""An attribute of the items inside an export, and which items fit what a request asks of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from tfmmrec.data.attributes import terms_of_attribute
from tfmmrec.export.raw_feature import is_present
from tfmmrec.modalities.lookup import lookup
from tfmmrec.retrieval.index import Passes


class Attribute(ABC):
    """Abstract. What an export holds of one attribute, and how a request asks for it.

    Args:
        attribute: of N items; see `item_attributes`.

    Attributes:
        resources: the variables and tables an export keeps.
    """

    resources: list[Any]

    @abstractmethod
    def __init__(self, attribute: dict[str, np.ndarray]) -> None: ...

    @abstractmethod
    def input(self, name: str) -> Any:
        """The signature's input."""

    @abstractmethod
    def fitting(self, wanted: Any) -> Passes:
        """Which items fit: those whose attribute is known and is among what a query wants.

        Args:
            wanted: as `input` says; a row of padding is fitted by every item.
        """


class Terms(Attribute):
    """Items of any of some terms: ``[B, ?]`` strings. A term that no item has fits none."""

    def __init__(self, attribute: dict[str, np.ndarray]) -> None:
        import tensorflow as tf

        terms = terms_of_attribute(attribute)
        self._size = len(terms) + 1
        self._find, table = lookup(terms, first=1, unknown=0)
        start, term = np.asarray(attribute["start"]), np.asarray(attribute["term"])
        counts = np.diff(start)
        # padded with 0, which nobody wants: ragged rows could not be gathered for every query at once
        rows = np.zeros((len(counts), max(1, counts.max(initial=0))), "int32")
        rows[np.arange(rows.shape[1]) < counts[:, None]] = term + 1
        self._terms = tf.Variable(rows, trainable=False, name="terms")
        self.resources = [table, self._terms]

    def input(self, name: str) -> Any:
        import tensorflow as tf

        return tf.TensorSpec([None, None], tf.string, name)

    def fitting(self, wanted: Any) -> Passes:
        import tensorflow as tf

        idle = ~tf.reduce_any(is_present(wanted), axis=1)
        terms = self._find(wanted)
        known = tf.where(terms > 0)
        places = tf.stack([known[:, 0], tf.cast(tf.gather_nd(terms, known), tf.int64)], axis=1)
        nothing = tf.zeros([tf.shape(wanted)[0], self._size], tf.bool)
        # a mark for each term and query, not a comparison of each item's terms with each that is wanted
        marks = tf.tensor_scatter_nd_update(nothing, places, tf.fill(tf.shape(known)[:1], True))

        def passes(rows: Any, queries: Any) -> Any:
            hits = tf.gather(tf.gather(marks, queries), tf.gather(self._terms, rows), batch_dims=1)
            return tf.reduce_any(hits, axis=-1) | tf.gather(idle, queries)[:, None]

        return passes


class Range(Attribute):
    """Items from a smallest to a largest number, both among them: ``[B, 2]``; NaN is an open end."""

    def __init__(self, attribute: dict[str, np.ndarray]) -> None:
        import tensorflow as tf

        # seconds since the epoch do not fit a float32, and 0.1 is another number there
        values = np.asarray(attribute["value"], "float64")
        self._values = tf.Variable(values, trainable=False, name="values")
        self.resources = [self._values]

    def input(self, name: str) -> Any:
        import tensorflow as tf

        return tf.TensorSpec([None, 2], tf.float64, name)

    def fitting(self, wanted: Any) -> Passes:
        import tensorflow as tf

        given = is_present(wanted)
        idle = ~tf.reduce_any(given, axis=1)
        low = tf.where(given[:, 0], wanted[:, 0], -np.inf)
        high = tf.where(given[:, 1], wanted[:, 1], np.inf)

        def passes(rows: Any, queries: Any) -> Any:
            values = tf.gather(self._values, rows)  # NaN is in no range
            lowest, highest, all_fit = (tf.gather(of, queries)[:, None] for of in (low, high, idle))
            return ((values >= lowest) & (values <= highest)) | all_fit

        return passes
