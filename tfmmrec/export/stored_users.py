"""Known users inside an export: found by id, read in TensorFlow ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfmmrec.export.known_users import KnownUsers
from tfmmrec.modalities import Parts
from tfmmrec.modalities.lookup import lookup
from tfmmrec.schema import Schema


class StoredUsers:
    """The variables and the table that hold known users.

    Rows of users are int32 ``[B]`` with −1 for a user who is not known; what is read of such a one means
    nothing, and is nothing where a count is returned with it.

    Args:
        users: who is known.
        schema: what the model reads of them.

    Attributes:
        resources: what an export must keep.
    """

    def __init__(self, users: KnownUsers, schema: Schema) -> None:
        self._find, table = lookup(list(users.ids), first=1, unknown=0)
        self.resources = [table]
        self._start, self._seen_start = self._keep(users.start), self._keep(users.seen_start)
        # one row more, so that there is something to read where there are no events at all
        self._item, self._seen = self._keep(_one_more(users.item)), self._keep(_one_more(users.seen))
        self._time = self._keep(_one_more(users.time))
        self._events = {
            feature.name: {
                part: self._keep(_one_more(array)) for part, array in users.events[feature.name].items()
            }
            for feature in schema.features("event")
        }
        self._features = {
            feature.name: {part: self._keep(array) for part, array in users.features[feature.name].items()}
            for feature in schema.features("user")
        }

    def find(self, ids: Any) -> Any:
        """Strings ``[B]`` → rows."""
        return self._find(ids) - 1

    def counts(self, rows: Any, longest: int) -> Any:
        """int32 ``[B]``: events of each user, at most `longest`; 0 of an unknown one."""
        import tensorflow as tf

        return tf.minimum(tf.cast(_span(self._start, rows)[1], tf.int32), longest)

    def events(self, rows: Any, counts: Any, places: Any) -> tuple[Any, Any, dict[str, Parts]]:
        """The latest `counts` events of each user.

        Returns:
            item int32 ``[B, places]`` (−1 is padding, at the end), time float64 ``[B, places]`` and parts
            ``[B, places, …]`` by feature.
        """
        import tensorflow as tf

        first, size = _span(self._start, rows)
        first = first + size - tf.cast(counts, tf.int64)
        there = tf.range(places) < counts[:, None]
        at = tf.where(there, first[:, None] + tf.range(tf.cast(places, tf.int64)), 0)
        item = tf.where(there, tf.gather(self._item, at), -1)
        parts = {
            feature: {part: tf.gather(array, at) for part, array in of_feature.items()}
            for feature, of_feature in self._events.items()
        }
        return item, tf.gather(self._time, at), parts

    def features(self, rows: Any) -> dict[str, Parts]:
        """Parts ``[B, …]`` by feature."""
        import tensorflow as tf

        return {
            feature: {part: tf.gather(array, tf.maximum(rows, 0)) for part, array in parts.items()}
            for feature, parts in self._features.items()
        }

    def seen(self, rows: Any) -> Any:
        """int32 ``[B, ?]``: the items each user has met; −1 is padding."""
        import tensorflow as tf

        first, size = _span(self._seen_start, rows)
        place = tf.range(tf.maximum(tf.reduce_max(size), 0))
        there = place < size[:, None]
        return tf.where(there, tf.gather(self._seen, tf.where(there, first[:, None] + place, 0)), -1)

    def _keep(self, array: np.ndarray) -> Any:
        import tensorflow as tf

        variable = tf.Variable(np.asarray(array), trainable=False)
        self.resources.append(variable)
        return variable


def _span(start: Any, rows: Any) -> tuple[Any, Any]:
    """Where each user's rows begin, and how many there are: int64 ``[B]``."""
    import tensorflow as tf

    known = tf.maximum(rows, 0)
    first = tf.gather(start, known)
    return first, tf.where(rows >= 0, tf.gather(start, known + 1) - first, 0)


def _one_more(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array, np.zeros((1, *array.shape[1:]), array.dtype)])
