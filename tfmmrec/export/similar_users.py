"""Similar users: those of whom a model knows the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfmmrec import retrieval
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.raw_feature import padding
from tfmmrec.members import make
from tfmmrec.retrieval import Index

_TOGETHER = 256
"""Users that are read at once."""


class SimilarUsers:
    """Answers ``similar_users``.

    Args:
        ids: of M known users.
        states: float32 ``[M, D]``, what is known of them.
        index: name of an index, or a dict of its name and settings.
        find: from ids to rows of `states`, −1 where there is no such user.

    Attributes:
        index: of the users.
        resources: the variables and tables an export keeps.
    """

    def __init__(
        self, ids: Sequence[str], states: np.ndarray, index: Any, find: Callable[[Any], Any]
    ) -> None:
        import tensorflow as tf

        self._find = find
        self._ids = tf.Variable(list(ids), trainable=False, name="user_ids")
        lengths = np.linalg.norm(states, axis=1, keepdims=True)
        directions = states / np.where(lengths > 0, lengths, 1)
        self.index: Index = make(retrieval, Index, index, vectors=directions)
        self.resources = [self._ids, *self.index.resources]

    def find(self, state: Any, k: Any, user_id: Any) -> tuple[Any, Any]:
        """The users nearest to each, without itself.

        Args:
            state: float32 ``[B, D]``.
            k: int32 ``[B]``.
            user_id: strings ``[B]``.

        Returns:
            ids ``[B, max(k)]``, "" where there is none, and their cosines, NaN where there is none.
        """
        import tensorflow as tf

        state = tf.math.divide_no_nan(state, tf.norm(state, axis=-1, keepdims=True))
        rows, scores = self.index.search(state, k, self._find(user_id)[:, None])
        return tf.where(rows >= 0, tf.gather(self._ids, tf.maximum(rows, 0)), ""), scores


def states_of(users: KnownUsers, specs: dict[str, Any], read: Callable[[dict[str, Any]], Any]) -> np.ndarray:
    """What is known of each user, float32 ``[M, D]``, a few users at a time.

    Args:
        users: M users, at least one.
        specs: the inputs of a question about a user.
        read: answers it.
    """
    import tensorflow as tf

    together = min(_TOGETHER, len(users))
    nothing = {
        name: tf.fill([together] + [0] * (len(spec.shape) - 1), padding(spec.dtype))
        for name, spec in specs.items()
    }
    order = np.argsort(np.diff(users.start), kind="stable")  # those of short histories need few places
    found = []
    for start in range(0, len(users), together):
        ids = [users.ids[row] for row in order[start : start + together]]
        asked = {**nothing, "user_id": tf.constant(ids + [""] * (together - len(ids)))}
        found.append(read(asked).numpy()[: len(ids)])
    states = np.concatenate(found)
    return states[np.argsort(order)]
