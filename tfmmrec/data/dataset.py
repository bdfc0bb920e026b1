"""Prepared data in memory (or mapped from disk): items, users, events, and the splits of the events."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from tfmmrec.data.distinct import distinct_pairs
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.encoders.histories import UNKNOWN
from tfmmrec.modalities import elapsed
from tfmmrec.schema import Schema

Features = dict[str, dict[str, np.ndarray]]
"""Feature name → part → array; row = item, user or event."""

TRAIN, VALIDATION, TEST, COLD, CONTEXT = 0, 1, 2, 3, 4
SPLITS = ("train", "validation", "test", "cold", "context")


@dataclass(frozen=True)
class Events:
    """All events, sorted by user, then time, then row of the file.

    Attributes:
        start: int64 ``[M + 1]``: user m's events are rows ``start[m]:start[m + 1]``.
        item: int32 ``[E]``, rows of the catalogue.
        time: float64 ``[E]``, seconds since the epoch; NaN where there are no times.
        split: int8 ``[E]``, one of TRAIN, VALIDATION, TEST, COLD, CONTEXT. A context is never learnt from and
            never asked about: it is the history of a user who is held out as a whole.
        features: of the schema's event side.
        labels: task name → float32 ``[E]``, NaN is missing.
        weights: task name → float32 ``[E]``, class weight × example weight × inverse propensity; where the
            label is missing without the class weight, and nothing counts it.
    """

    start: np.ndarray
    item: np.ndarray
    time: np.ndarray
    split: np.ndarray
    features: Features
    labels: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]

    @cached_property
    def user(self) -> np.ndarray:
        """int32 ``[E]``, the user of each event."""
        return np.repeat(np.arange(len(self.start) - 1, dtype="int32"), np.diff(self.start))


@dataclass(frozen=True)
class Data:
    """Everything a model is trained, judged and exported with.

    Attributes:
        schema: what the columns are.
        vocabulary: what the training rows taught.
        item_ids: id of each row of the catalogue; items with training events come first.
        user_ids: id of each user. Where the schema has no users, every event is one, named by its number.
        items, users: features by row.
        events: all events.
        split_sha256: pins who was held out: the hash of every (user id, item id, row order, split).
        problems: count of rows that could not be used or only in part, by reason.
        books: table → its ``"rows"`` = ``"used"`` + ``"dead"`` + ``"left out"``; of the events used, also how
            many stood ``"out of order"`` in the file.
        attributes: what items can be filtered by, as the table has it; see `item_attributes`.
    """

    schema: Schema
    vocabulary: Vocabulary
    item_ids: Sequence[str]
    user_ids: Sequence[str]
    items: Features
    users: Features
    events: Events
    split_sha256: str
    problems: dict[str, int] = field(default_factory=dict)
    books: dict[str, dict[str, int]] = field(default_factory=dict)
    attributes: Features = field(default_factory=dict)

    @property
    def train(self) -> Split:
        """The events to learn from."""
        return Split(self, TRAIN)

    @property
    def validation(self) -> Split:
        """The events choices are made on."""
        return Split(self, VALIDATION)

    @property
    def test(self) -> Split:
        """The events that are looked at once."""
        return Split(self, TEST)

    @property
    def cold(self) -> Split:
        """The events of items held out of training altogether."""
        return Split(self, COLD)

    @property
    def catalogue(self) -> Catalogue:
        """The items, for export."""
        return Catalogue(
            self.schema, self.vocabulary, self.item_ids, self.items, self.popularity, self.attributes
        )

    def with_validation(self) -> Data:
        """The same data with the events of validation among those to learn from.

        For a last training, when everything has been chosen: then there is nothing left to choose by. Of a
        user who was held out as a whole for validation, the context is learnt from, too: an event of
        validation would else be asked about as if nothing had come before it. Events of items that training
        did not meet have no place in the catalogue's trained part; they can be read, and are not asked about.
        """
        events = self.events
        asked = np.isin(events.user, events.user[events.split == VALIDATION])
        held_out = (events.split == VALIDATION) | (asked & (events.split == CONTEXT))
        known = events.item < self.vocabulary.trained_items
        split = np.where(held_out, np.where(known, TRAIN, CONTEXT), events.split).astype("int8")
        digest = hashlib.sha256(f"{self.split_sha256} with validation".encode()).hexdigest()
        rows = np.flatnonzero(split == TRAIN)
        pairs = distinct_pairs(events.user[rows], events.item[rows], self.vocabulary.items)
        vocabulary = replace(self.vocabulary, trained_pairs=len(pairs[0]))
        return replace(self, vocabulary=vocabulary, events=replace(events, split=split), split_sha256=digest)

    @cached_property
    def popularity(self) -> np.ndarray:
        """int64 ``[N]``: training events of each item."""
        trained = self.events.item[self.events.split == TRAIN]
        return np.bincount(trained, minlength=self.vocabulary.items)


@dataclass(frozen=True)
class Catalogue:
    """The items: ids, features, the popularity counted on training events, and what they are filtered by."""

    schema: Schema
    vocabulary: Vocabulary
    item_ids: Sequence[str]
    items: Features
    popularity: np.ndarray
    attributes: Features = field(default_factory=dict)


@dataclass(frozen=True)
class Split:
    """The events of one split, each with what may be known before it."""

    data: Data
    code: int

    @property
    def name(self) -> str:
        """One of `SPLITS`."""
        return SPLITS[self.code]

    @cached_property
    def rows(self) -> np.ndarray:
        """int64: the rows of the split's events."""
        return np.flatnonzero(self.data.events.split == self.code)

    def __len__(self) -> int:
        return len(self.rows)

    def history_rows(self, event: int) -> np.ndarray:
        """Rows of what is known when this event is asked about, oldest first.

        With an order: the user's earlier events of earlier splits (of training only, for a cold item), and
        of the context. Without: all of the user's events of those splits.
        """
        events = self.data.events
        user = events.user[event]
        first, last = events.start[user], events.start[user + 1]
        rows = np.arange(first, event if self.data.schema.ordered else last)
        known = TRAIN if self.code == COLD else self.code - 1
        if self.code == TRAIN:
            return rows[(events.split[rows] == TRAIN) & (rows != event)]
        codes = events.split[rows]
        return rows[(codes <= known) | (codes == CONTEXT)]


def history_inputs(
    data: Data, users: np.ndarray, histories: Sequence[np.ndarray], length: int
) -> dict[str, Any]:
    """Inputs of the user tower but for the item vectors.

    Args:
        data: the prepared data.
        users: int ``[B]``.
        histories: event rows of each user, oldest first; the latest `length` are taken.
        length: places per user.

    Returns:
        ``history.item`` int32 ``[B, length]`` rows of the catalogue (−1 is padding, at the end),
        ``history.window`` int32 ``[B, length + 1]`` whose each state is (−1: nobody's),
        ``history.time`` int32 ``[B, length]`` seconds since the first event (−1: unknown),
        ``event.<feature>.<part>`` ``[B, length, …]`` and ``user.<feature>.<part>`` ``[B, …]``.
    """
    events = data.events
    rows = np.full((len(users), length), -1, "int64")
    for i, history in enumerate(histories):
        latest = history[max(0, len(history) - length) :]
        rows[i, : len(latest)] = latest
    present = rows >= 0
    rows = np.maximum(rows, 0)
    time = np.full(rows.shape, UNKNOWN, "int32")
    if len(events.time):
        time = elapsed(np.where(present, events.time[rows], np.nan))
    user = np.arange(len(users), dtype="int32")[:, None]
    inputs: dict[str, Any] = {
        "history.item": np.where(present, events.item[rows] if len(events.item) else 0, -1).astype("int32"),
        "history.window": np.where(np.pad(present, ((0, 0), (1, 0)), constant_values=True), user, -1),
        "history.time": time,
    }
    for feature in data.schema.features("event"):
        for part, array in events.features[feature.name].items():
            inputs[f"event.{feature.name}.{part}"] = array[rows]
    for feature in data.schema.features("user"):
        for part, array in data.users[feature.name].items():
            inputs[f"user.{feature.name}.{part}"] = array[users]
    return inputs
