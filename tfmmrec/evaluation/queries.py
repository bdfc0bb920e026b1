"""The questions an evaluation asks: which held-out items, given which history?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfmmrec.data.dataset import COLD, CONTEXT, TRAIN, Data, Split
from tfmmrec.data.windows import ranges


@dataclass(frozen=True)
class Ragged(Sequence[np.ndarray]):
    """Lists of event rows, of different lengths: spans of one array, which they may share.

    Attributes:
        rows: int ``[R]``.
        start, stop: int ``[Q]``: list q is ``rows[start[q]:stop[q]]``.
    """

    rows: np.ndarray
    start: np.ndarray
    stop: np.ndarray

    @classmethod
    def of(cls, lists: Iterable[Any]) -> Ragged:
        """Of given lists, one after the other."""
        arrays = [np.asarray(one, "int64") for one in lists]
        stop = np.cumsum([len(array) for array in arrays], dtype="int64")
        rows = np.concatenate([np.zeros(0, "int64"), *arrays])
        return cls(rows, np.concatenate([[0], stop])[: len(arrays)], stop)

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, place: Any) -> Any:
        """One list, or of a slice a list of them."""
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        return self.rows[self.start[place] : self.stop[place]]

    @property
    def sizes(self) -> np.ndarray:
        """int ``[Q]``: the length of each list."""
        return self.stop - self.start

    def flat(self, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The lists of a chunk in one array ``[P]``, and for each of its rows the place in the chunk."""
        size = self.stop[chunk] - self.start[chunk]
        return np.repeat(np.arange(len(chunk)), size), self.rows[ranges(self.start[chunk], size)]


@dataclass(frozen=True)
class Queries:
    """What is asked about a split.

    With an order each held-out event is a query of its own; without, all held-out events of a user are one.

    Attributes:
        data: the prepared data.
        users: int ``[Q]``.
        histories: event rows of each query, oldest first.
        events: held-out event rows of each query.
    """

    data: Data
    users: np.ndarray
    histories: Ragged
    events: Ragged

    def __len__(self) -> int:
        return len(self.users)

    def targets(self, query: int) -> np.ndarray:
        """Distinct catalogue rows asked for."""
        return np.unique(self.data.events.item[self.events[query]])

    def seen(self, query: int) -> np.ndarray:
        """Distinct catalogue rows of the history."""
        return np.unique(self.data.events.item[self.histories[query]])

    def targets_of(self, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What these queries ask for: places in the chunk and catalogue rows ``[P]``, each pair once."""
        place, rows = self.events.flat(chunk)
        items = self.data.vocabulary.items
        return np.divmod(np.unique(place * items + self.data.events.item[rows]), items)

    def seen_of(self, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What these queries know: places in the chunk and catalogue rows ``[P]``, a pair for each event."""
        place, rows = self.histories.flat(chunk)
        return place, self.data.events.item[rows]

    @property
    def sizes(self) -> np.ndarray:
        """int ``[Q]``: events of each query, held out or known."""
        return self.events.sizes + self.histories.sizes

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Query numbers, `size` at a time."""
        for start in range(0, len(self), size):
            yield np.arange(start, min(start + size, len(self)))


def queries_of(split: Split, history: str = "earlier") -> Queries:
    """The queries of a split; histories as by `Split.history_rows` of a query's first event.

    Args:
        split: what is asked about.
        history: ``"earlier"``: a history has the events of all earlier splits; ``"train"``: of training alone
            (and of the context), also at test, as in many published results on given splits.

    Raises:
        ValueError: the split has no events, or there is no such history.
    """
    if history not in ("earlier", "train"):
        raise ValueError(
            "history is 'earlier', the events of all earlier splits, or 'train', those of training alone; "
            f"got {history!r}."
        )
    data, rows = split.data, split.rows
    if not len(rows):
        held_out = (
            "load(…, cold_items=0.1) holds out a tenth of the items"
            if split.code == COLD
            else "'leave-last-out' holds out events of users who have three or more, 'random:80/10/10' and "
            "the like their shares, 'column' what it says, and with_validation() leaves no validation"
        )
        raise ValueError(
            f"The {split.name} split has no events, so there is nothing to evaluate: {held_out}. Load the "
            "data with other settings, or more of them."
        )
    events, ordered = data.events, data.schema.ordered
    user = events.user[rows]
    start = np.arange(len(rows)) if ordered else np.flatnonzero(np.diff(user, prepend=-1))
    stop = np.append(start[1:], len(rows))
    users = user[start].astype("int64")
    known = _known(split, history)
    if not ordered and split.code == TRAIN:  # all but the event that is asked about
        known = np.delete(known, start)
    end = rows[start] if ordered else events.start[users + 1]
    spans = (np.searchsorted(known, border) for border in (events.start[users], end))
    return Queries(data, users, Ragged(known, *spans), Ragged(rows, start, stop))


def _known(split: Split, history: str) -> np.ndarray:
    """The rows of all events that may stand in a history."""
    codes = split.data.events.split
    if split.code == TRAIN:
        return split.rows
    last = TRAIN if split.code == COLD or history == "train" else split.code - 1
    return np.flatnonzero((codes <= last) | (codes == CONTEXT))
