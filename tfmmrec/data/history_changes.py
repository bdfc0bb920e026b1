"""Random changes of what is read in training, after which what is asked is still right."""

from __future__ import annotations

import numpy as np

from tfmmrec.data.dataset import TRAIN, Data, Events
from tfmmrec.schema import Schema

_NEAR = 3  # events between two that count as near, one more or less
_SUBSTITUTES = 5  # of an item, at most
_EVENTS = 4_000_000  # that correlations are counted on, at most: of users at random

Changed = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Event rows and items that are read, ``[B, L]``, −1 where nothing is told; and bool ``[B, L]``."""


class HistoryChanges:
    """The changes that a schema's history asks for in training; see `tfmmrec.modalities.History`.

    ``"crop"`` is done where windows are cut: `Sequences`. The time from one event to the next stays what it
    was; it is the events that trade places.

    Args:
        schema: with the history.
        data: whose training events say which items stand near each other.
        generator: of chance.

    Attributes:
        shares: by name of the change.

    Raises:
        ValueError: a change needs an order of events, and there is none.
    """

    def __init__(self, schema: Schema, data: Data, generator: np.random.Generator) -> None:
        self.shares = schema.history.changes
        for name in ("crop", "reorder"):
            if name in self.shares and not schema.ordered:
                raise ValueError(
                    f"History(augment=[{name!r}]) changes an order of events, and these have none: give the "
                    "schema a timestamp, or take 'substitute' and 'mask'."
                )
        self._events = data.events
        self.near = np.zeros((0, 0), "int32")
        if "substitute" in self.shares:
            trained = data.vocabulary.trained_items
            self.near = items_near(data.events, trained, schema.ordered, generator)

    def __bool__(self) -> bool:
        """Whether anything that is read changes, once windows are cut."""
        return any(name in self.shares for name in ("reorder", "substitute", "mask"))

    def __call__(
        self,
        read: np.ndarray,
        at: np.ndarray,
        count: np.ndarray,
        asked: tuple[np.ndarray, np.ndarray],
        generator: np.random.Generator,
    ) -> Changed:
        """Changes a batch.

        Args:
            read: int ``[B, L]``, rows of the events that are read; −1 is padding.
            at: int ``[P]``, where in it the events of each window stand, one window after the other.
            count: int ``[W]``, events that each window reads.
            asked: the items that are asked about, and in which window.
            generator: of chance.

        Returns:
            the rows and the items that are read, and bool ``[B, L]``: a state that reads up to here knows an
            event out of its order, so that it is not known what should come next.
        """
        rows = read.ravel()[at]
        window = np.repeat(np.arange(len(count)), count)
        late = np.zeros(len(rows), bool)
        if "reorder" in self.shares:
            order = reordered(count, self.shares["reorder"], generator)
            rows, late = rows[order], np.maximum.accumulate(order) != np.arange(len(order))
        items = self._events.item[rows]
        if "substitute" in self.shares:
            items = self._substituted(items, window, asked, generator)
        if "mask" in self.shares:
            hidden = generator.random(len(rows)) < self.shares["mask"]
            rows, items = np.where(hidden, -1, rows), np.where(hidden, -1, items)
        told, read_items, shifted = (
            np.full(read.shape, -1),
            np.full(read.shape, -1),
            np.zeros(read.shape, bool),
        )
        told.ravel()[at], read_items.ravel()[at], shifted.ravel()[at] = rows, items, late
        return told, read_items, shifted

    def substitutes(self, counts: np.ndarray) -> np.ndarray:
        """How many events are read as though they were of each item, about, of these counts of events."""
        if "substitute" not in self.shares:
            return np.zeros_like(counts)
        there = self.near >= 0
        each = counts / np.maximum(1, there.sum(axis=1)) * self.shares["substitute"]
        return np.bincount(self.near[there], np.broadcast_to(each[:, None], there.shape)[there], len(counts))

    def _substituted(
        self,
        items: np.ndarray,
        window: np.ndarray,
        asked: tuple[np.ndarray, np.ndarray],
        generator: np.random.Generator,
    ) -> np.ndarray:
        """Some items as others that stand near them, of which none is asked about in the same window."""
        chosen = generator.random(len(items)) < self.shares["substitute"]
        ways = self.near[items]
        pick = np.floor(generator.random(len(items)) * (ways >= 0).sum(axis=1)).astype("int64")
        other = ways[np.arange(len(items)), pick]
        of_window = np.int64(len(self.near))
        told = np.isin(window * of_window + other, asked[1] * of_window + asked[0])
        return np.where(chosen & (other >= 0) & ~told, other, items)


def reordered(count: np.ndarray, share: float, generator: np.random.Generator) -> np.ndarray:
    """An order of the events of windows, in each of which one stretch is shuffled.

    Args:
        count: int ``[W]``, events of each window; they stand one window after the other.
        share: of a window's events that the stretch has; of two events or more it has two at least.
        generator: of chance.

    Returns:
        int ``[P]``: which event stands in each place.
    """
    window = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(window)) - np.repeat(np.cumsum(count) - count, count)
    size = np.minimum(count, np.maximum(2, np.round(share * count).astype("int64")))
    begin = np.floor(generator.random(len(count)) * (count - size + 1)).astype("int64")
    inside = (place >= begin[window]) & (place < (begin + size)[window])
    key = np.where(inside, begin[window] + size[window] * generator.random(len(window)), place)
    return np.lexsort((key, window))


def items_near(events: Events, items: int, ordered: bool, generator: np.random.Generator) -> np.ndarray:
    """The items that stand near each item most often, by the cosine of how often (as CoSeRec, Liu 2021).

    Args:
        events: of which those of training count.
        items: that have been trained on.
        ordered: whether events have an order; else that of a user's is drawn.
        generator: of chance.

    Returns:
        int32 ``[items, K]`` with the nearest first; −1 behind the last.
    """
    rows = np.flatnonzero(events.split == TRAIN)
    if len(rows) > _EVENTS:
        users = generator.permutation(len(events.start) - 1)
        size = np.bincount(events.user[rows], minlength=len(users))[users]
        rows = rows[np.isin(events.user[rows], users[np.cumsum(size) <= _EVENTS])]
    if not ordered:
        rows = rows[np.lexsort((generator.random(len(rows)), events.user[rows]))]
    user, item = events.user[rows], events.item[rows].astype("int64")
    pairs = [np.zeros(0, "int64")]
    for apart in range(1, _NEAR + 1):
        one, other = item[:-apart], item[apart:]
        both = (user[:-apart] == user[apart:]) & (one != other)
        pairs += [one[both] * items + other[both], other[both] * items + one[both]]
    pair, together = np.unique(np.concatenate(pairs), return_counts=True)
    one, other = np.divmod(pair, items)
    often = np.bincount(item, minlength=items)
    order = np.lexsort((other, -together / np.sqrt(often[one] * often[other]), one))
    one, other = one[order], other[order]
    rank = np.arange(len(one)) - np.searchsorted(one, one)
    near = np.full((items, _SUBSTITUTES), -1, "int32")
    kept = rank < _SUBSTITUTES
    near[one[kept], rank[kept]] = other[kept]
    return near
