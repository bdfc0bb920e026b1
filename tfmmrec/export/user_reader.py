"""From the user of a request to the inputs of the user tower: what is raw, and what is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.encoders.histories import UNKNOWN
from tfmmrec.export.conventions import Names
from tfmmrec.export.raw_feature import RawFeature, padding
from tfmmrec.export.stored_users import StoredUsers
from tfmmrec.modalities import Id, Parts
from tfmmrec.modalities.history import LATEST
from tfmmrec.schema import Schema

Tensors = dict[str, Any]

_STEP = 8  # histories of a batch are as long as the longest of it, rounded up to so many places


class UserInputs(NamedTuple):
    """What is known of B users.

    Attributes:
        inputs: of the user tower, but for ``history.vector``.
        count: int32 ``[B]``, events read.
        seen: int32 ``[B, ?]``, catalogue rows of the history that is used; −1 is padding.
    """

    inputs: Tensors
    count: Any
    seen: Any


class UserReader:
    """Reads ``user_id``, ``history…`` and ``user_…`` of a request.

    Args:
        schema: what the model reads.
        vocabulary: with terms.
        names: of the inputs.
        find_item: strings → rows of the catalogue, −1 where there is no such item.
        users: known users, None to know nobody.

    Attributes:
        resources: what an export must keep.
    """

    def __init__(
        self,
        schema: Schema,
        vocabulary: Vocabulary,
        names: Names,
        find_item: Callable[[Any], Any],
        users: StoredUsers | None,
    ) -> None:
        self.schema, self.names, self.find_item, self.users = schema, names, find_item, users
        states = vocabulary.features
        self._user = [
            RawFeature(feature, states["user"][feature.name]) for feature in schema.features("user")
        ]
        self._event = [
            RawFeature(feature, states["event"][feature.name]) for feature in schema.features("event")
        ]
        self.resources = [table for raw in (*self._user, *self._event) for table in raw.resources]
        self.resources += users.resources if users else []

    def specs(self) -> Tensors:
        """The inputs of a signature that asks about a user."""
        import tensorflow as tf

        specs = {
            "user_id": tf.TensorSpec([None], tf.string, "user_id"),
            "history": tf.TensorSpec([None, None], tf.string, "history"),
        }
        if self.schema.timestamp:
            specs["history_time"] = tf.TensorSpec([None, None], tf.float64, "history_time")
        for raw in self._event:
            name = self.names.inputs["event"][raw.feature.name]
            specs[name] = tf.TensorSpec([None, None], raw.dtype, name)
        for raw in self._user:
            if not isinstance(raw.feature, Id):
                name = self.names.inputs["user"][raw.feature.name]
                specs[name] = raw.input(name)
        return specs

    def example(self, items: list[str]) -> dict[str, list[Any]]:
        """Inputs of one user by raw values, as nested lists: a history of `items`, and every feature."""
        example: dict[str, list[Any]] = {"history": [["", *items]]}
        if self.schema.timestamp:
            example["history_time"] = [[float("nan"), *map(float, range(len(items)))]]
        for raw in self._event:
            name = self.names.inputs["event"][raw.feature.name]
            example[name] = [raw.example_events(len(items))]
        for raw in self._user:
            if not isinstance(raw.feature, Id):
                example[self.names.inputs["user"][raw.feature.name]] = [raw.example()]
        return example

    def read(self, request: Tensors) -> UserInputs:
        """The users of a request."""
        import tensorflow as tf

        rows = (
            self.users.find(request["user_id"]) if self.users else tf.fill(tf.shape(request["user_id"]), -1)
        )
        history, seen, count = self._histories(request, rows)
        return UserInputs({**history, **self._features(request, rows)}, count, seen)

    def knows(self, ids: Any) -> Any:
        """bool ``[B]``: users whose history is stored, or whose id was trained."""
        import tensorflow as tf

        known = self.users.find(ids) >= 0 if self.users else tf.zeros_like(ids, tf.bool)
        for raw in self._user:
            if isinstance(raw.feature, Id):
                known |= raw.parts(ids)["id"] > 0
        return known

    def _histories(self, request: Tensors, user: Any) -> tuple[Tensors, Any, Any]:
        import tensorflow as tf

        ids = _widened(request["history"], tf.maximum(tf.shape(request["history"])[1], 1))
        width = tf.shape(ids)[1]
        found = self.find_item(ids)
        places, count = latest(found >= 0, self.schema.history.length)
        stored = tf.zeros_like(count, tf.bool)
        if self.users:
            stored = (user >= 0) & ~tf.reduce_any(ids != "", axis=1)
            count = tf.where(stored, self.users.counts(user, self.schema.history.length), count)
        # A tower sees at least one place, be it padding, and hardly more than the longest history has. Of
        # each size of its inputs TensorFlow keeps what it has made ready for it: there should not be many.
        rounded = -(-tf.maximum(tf.reduce_max(count), 1) // _STEP) * _STEP
        steps = tf.minimum(rounded, self.schema.history.length)
        lacking = tf.maximum(steps - tf.shape(places)[1], 0)
        places = tf.pad(places, [[0, 0], [0, lacking]], constant_values=-1)[:, :steps]

        item = _at(found, places, -1)
        time = tf.fill(tf.shape(places), tf.constant(float("nan"), tf.float64))
        if self.schema.timestamp:
            brought = request["history_time"]
            time = _at(_widened(brought, width), places, padding(tf.float64))
        parts = {raw.feature.name: self._event_parts(raw, request, places, width) for raw in self._event}
        seen = found
        if self.users:
            known_item, known_time, known_parts = self.users.events(user, tf.where(stored, count, 0), steps)
            item = tf.where(stored[:, None], known_item, item)
            time = tf.where(stored[:, None], known_time, time)
            parts = _choose(stored, known_parts, parts)
            seen = tf.concat([found, self.users.seen(tf.where(stored, user, -1))], axis=1)
        time = tf.where(item >= 0, time, padding(tf.float64))
        read = tf.pad(item >= 0, [[0, 0], [1, 0]], constant_values=True)
        window = tf.where(read, tf.range(tf.shape(item)[0])[:, None], -1)
        inputs = {"history.item": item, "history.window": window, "history.time": elapsed(time)}
        for feature, of_feature in parts.items():
            inputs |= {f"event.{feature}.{part}": tensor for part, tensor in of_feature.items()}
        return inputs, seen, count

    def _event_parts(self, raw: RawFeature, request: Tensors, places: Any, width: Any) -> Parts:
        """Parts ``[B, L, …]`` of the events at these places of the request's history."""
        import tensorflow as tf

        brought = request[self.names.inputs["event"][raw.feature.name]]
        values = _at(_widened(brought, width), places, padding(raw.dtype))
        values = tf.reshape(values, [-1, 1] if raw.feature.raw_rank else [-1])
        parts = {}
        for part, tensor in raw.parts(values).items():
            shape = tf.concat([tf.shape(places), tf.shape(tensor)[1:]], axis=0)
            parts[part] = tf.ensure_shape(tf.reshape(tensor, shape), [None, None, *tensor.shape[1:]])
        return parts

    def _features(self, request: Tensors, user: Any) -> Tensors:
        stored = self.users.features(user) if self.users else {}
        inputs: Tensors = {}
        for raw in self._user:
            name = raw.feature.name
            if isinstance(raw.feature, Id):
                parts = raw.parts(request["user_id"])
            else:
                values = request[self.names.inputs["user"][name]]
                parts = raw.parts(values)
                if self.users:
                    kept = (user >= 0) & ~raw.given(values)
                    parts = _choose(kept, {name: stored[name]}, {name: parts})[name]
            inputs |= {f"user.{name}.{part}": tensor for part, tensor in parts.items()}
        return inputs


def elapsed(time: Any) -> Any:
    """`tfmmrec.modalities.elapsed` in TensorFlow ops: float64 ``[B, L]`` → int32 ``[B, L]``."""
    import tensorflow as tf

    whole = tf.floor(time)
    endless = tf.constant(float("inf"), tf.float64)
    first = tf.reduce_min(tf.where(tf.math.is_nan(whole), endless, whole), axis=1, keepdims=True)
    since = whole - first
    known = tf.clip_by_value(since, 0, LATEST)
    return tf.cast(tf.where(tf.math.is_nan(since), tf.constant(UNKNOWN, since.dtype), known), tf.int32)


def latest(known: Any, length: int) -> tuple[Any, Any]:
    """Where the last `length` known events stand, in their order.

    Args:
        known: bool ``[B, H]``.
        length: at most so many.

    Returns:
        columns int32 ``[B, min(H, length)]``, −1 is padding, at the end; and their counts int32 ``[B]``.
    """
    import tensorflow as tf

    rows, width = tf.unstack(tf.shape(known))
    place = tf.cumsum(tf.cast(known, tf.int32), axis=1, exclusive=True)
    total = tf.reduce_sum(tf.cast(known, tf.int32), axis=1)
    place -= tf.maximum(total - length, 0)[:, None]
    kept = tf.where(known & (place >= 0))
    column = tf.cast(kept[:, 1], tf.int32)
    at = tf.stack([tf.cast(kept[:, 0], tf.int32), tf.gather_nd(place, kept)], axis=1)
    empty = tf.fill([rows, tf.minimum(width, length)], -1)
    return tf.tensor_scatter_nd_update(empty, at, column), tf.minimum(total, length)


def _widened(values: Any, width: Any) -> Any:
    """``[B, ?] → [B, width]``: padded at the end, or cut."""
    import tensorflow as tf

    values = values[:, :width]
    lacking = width - tf.shape(values)[1]
    return tf.pad(values, [[0, 0], [0, lacking]], constant_values=padding(values.dtype))


def _at(values: Any, places: Any, otherwise: Any) -> Any:
    """Values ``[B, W]`` at columns ``[B, L]``; `otherwise` at −1."""
    import tensorflow as tf

    return tf.where(places >= 0, tf.gather(values, tf.maximum(places, 0), batch_dims=1), otherwise)


def _choose(rows: Any, these: dict[str, Parts], others: dict[str, Parts]) -> dict[str, Parts]:
    """Parts of `these` in the rows that are true, of `others` in the rest."""
    import tensorflow as tf

    def choose(this: Any, other: Any) -> Any:
        return tf.where(tf.reshape(rows, [-1] + [1] * (len(other.shape) - 1)), this, other)

    return tf.nest.map_structure(choose, these, others)
