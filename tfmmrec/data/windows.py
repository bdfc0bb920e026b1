"""Which events stand together in training: windows of a sequence, or targets held out of a set."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from tfmmrec.data.dataset import TRAIN, Events
from tfmmrec.data.packing import pack

MOST_TARGETS = 16
"""Targets of one user and epoch that are held out of a set, at most."""


@dataclass(frozen=True)
class Windows:
    """The windows of one epoch, all arrays ``[W]``; starts and sizes count in the epoch's list of events.

    Attributes:
        user: whose window it is.
        history_start, history_size: the events that are read.
        candidate_start, candidate_size: the events that are asked about.
        continued: the window does not begin at the user's first event, so that what came before its first
            candidate is not known here.
    """

    user: np.ndarray
    history_start: np.ndarray
    history_size: np.ndarray
    candidate_start: np.ndarray
    candidate_size: np.ndarray
    continued: np.ndarray

    def shuffled(self, generator: np.random.Generator) -> Windows:
        """The same windows in a random order."""
        order = generator.permutation(len(self.user))
        return Windows(*(getattr(self, field.name)[order] for field in fields(self)))


@dataclass(frozen=True)
class Placement:
    """Where the windows of an epoch stand: rows that hold one window or several.

    Attributes:
        bucket: int ``[R]``, the number of each row's length among the lengths that batches are made for.
        first: int ``[R + 1]``, row r holds the windows ``window[first[r] : first[r + 1]]``.
        window: int ``[W]``, windows in the order of their rows.
        offset: int ``[W]``, the state of its row at which each of these begins.
    """

    bucket: np.ndarray
    first: np.ndarray
    window: np.ndarray
    offset: np.ndarray

    @classmethod
    def of(cls, row: np.ndarray, offset: np.ndarray, bucket: np.ndarray) -> Placement:
        """Of each window's row and offset, and each row's bucket."""
        window = np.lexsort((offset, row))
        first = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(bucket)))])
        return cls(bucket, first, window, offset[window])

    def of_rows(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The windows of these rows, which of the rows each stands in, and its offset there."""
        count = self.first[rows + 1] - self.first[rows]
        place = ranges(self.first[rows], count)
        return self.window[place], np.repeat(np.arange(len(rows)), count), self.offset[place]


def ranges(start: np.ndarray, count: np.ndarray) -> np.ndarray:
    """``start, start + 1, … start + count − 1`` of each, in one array."""
    return np.repeat(start - np.cumsum(count) + count, count) + np.arange(count.sum())


def length_buckets(length: int) -> np.ndarray:
    """Places of a history that batches are made for: an eighth, a quarter, a half and all of `length`."""
    return np.unique([-(-length // part) for part in (8, 4, 2, 1)])


class Sequences:
    """Each user's training events in their order, cut into windows at a random offset.

    A window of events e₀ … e_k asks about each of them and reads all but the last: state j, which knows
    e₀ … e_{j−1}, is asked about e_j.

    Args:
        events: all events.
        length: events read, at most; a window has one more.
        crop: the share of windows that are cut once more, at random.
    """

    def __init__(self, events: Events, length: int, crop: float = 0.0) -> None:
        self.longest, self.crop = length + 1, crop
        self._rows = np.flatnonzero(events.split == TRAIN)
        size = np.bincount(events.user[self._rows])
        self._user = np.flatnonzero(size)
        self._size = size[self._user]
        self._first = np.cumsum(self._size) - self._size
        # no longer than the longest window that there is: whoever has few events is read in short rows
        self.lengths = np.asarray([max(1, min(length, int(self._size.max()) - 1))])
        self.candidates = self.lengths + 1

    def rows(self, generator: np.random.Generator) -> np.ndarray:
        """int64 ``[E']``: the list of events that windows count in."""
        return self._rows

    def place(self, windows: Windows) -> Placement:
        """Windows side by side in rows of one length."""
        row, offset = pack(windows.candidate_size, int(self.candidates[0]))
        return Placement.of(row, offset, np.zeros(1 + row.max(), "int64"))

    def cut(self, generator: np.random.Generator) -> Windows:
        """Windows that hold every training event once."""
        size, longest = self._size, self.longest
        offset = np.where(size > longest, generator.integers(1, longest + 1, len(size)), size)
        count = 1 - (offset - size) // longest  # the first, and the others rounded up
        mine = np.repeat(np.arange(len(size)), count)
        number = np.arange(len(mine)) - np.repeat(np.cumsum(count) - count, count)
        end = np.minimum(offset[mine] + number * longest, size[mine])
        begin = np.where(number > 0, offset[mine] + (number - 1) * longest, 0)
        start = self._first[mine] + begin
        whole = Windows(self._user[mine], start, end - begin - 1, start, end - begin, number > 0)
        return self._cropped(whole, generator) if self.crop else whole

    def _cropped(self, windows: Windows, generator: np.random.Generator) -> Windows:
        """Some windows as two, so that the later is read without the earlier (as a crop of Xie 2022)."""
        size = windows.candidate_size
        chosen = (generator.random(len(size)) < self.crop) & (size > 1)
        place = 1 + np.floor(generator.random(len(size)) * (size - 1)).astype("int64")
        pieces = np.repeat(np.arange(len(size)), 1 + chosen)
        later = np.append(False, pieces[1:] == pieces[:-1])
        begin = np.where(later, place[pieces], 0)
        end = np.where(chosen[pieces] & ~later, place[pieces], size[pieces])
        start = windows.candidate_start[pieces] + begin
        continued = windows.continued[pieces] | later
        return Windows(windows.user[pieces], start, end - begin - 1, start, end - begin, continued)


class Sets:
    """Each user's distinct items without an order: a random quarter is asked about, the others are read.

    Where a user met an item several times, one of these events at random stands for it in an epoch: a target
    is never in its own context.

    Args:
        events: all events.
        length: items read, at most; of more, a random choice.
    """

    def __init__(self, events: Events, length: int) -> None:
        rows = np.flatnonzero(events.split == TRAIN)
        user, item = events.user[rows], events.item[rows]
        order = np.lexsort((item, user))
        self._rows, user, item = rows[order], user[order], item[order]
        is_new = np.ones(len(rows), bool)
        is_new[1:] = (np.diff(user) != 0) | (np.diff(item) != 0)
        self._pair = np.flatnonzero(is_new)
        self._times_met = np.diff(self._pair, append=len(rows))
        self._user_of_pair = user[self._pair]

        items = np.bincount(self._user_of_pair)
        owner = np.flatnonzero(items)
        items = items[owner]
        targets = np.clip((items + 2) // 4, 1, MOST_TARGETS)
        context = np.minimum(items - targets, length)
        first = np.cumsum(items) - items
        self._windows = Windows(owner, first + targets, context, first, targets, np.zeros(len(owner), bool))

        self.lengths = length_buckets(length)
        self.candidates = np.ones(len(self.lengths), int)
        np.maximum.at(self.candidates, np.searchsorted(self.lengths, context), targets)

    def rows(self, generator: np.random.Generator) -> np.ndarray:
        """int64 ``[E']``: the list of events that windows count in, one per user and item, shuffled."""
        chosen = self._rows[self._pair + generator.integers(self._times_met)]
        key = self._user_of_pair.astype("int64") << 32 | generator.integers(1 << 32, size=len(chosen))
        return chosen[np.argsort(key, kind="stable")]  # nearly sorted, which makes the stable sort fast

    def cut(self, generator: np.random.Generator) -> Windows:
        """One window per user; the same in every epoch, since chance is in the list of events."""
        return self._windows

    def place(self, windows: Windows) -> Placement:
        """Each window alone in a row of the least of `lengths` that holds it."""
        row = np.arange(len(windows.user))
        return Placement.of(row, np.zeros_like(row), np.searchsorted(self.lengths, windows.history_size))
