"""The questions an evaluation asks: which held-out items, given which history?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tfmmrec.data.dataset import Data, Split


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
    histories: list[np.ndarray]
    events: list[np.ndarray]

    def __len__(self) -> int:
        return len(self.users)

    def targets(self, query: int) -> np.ndarray:
        """Distinct catalogue rows asked for."""
        return np.unique(self.data.events.item[self.events[query]])

    def seen(self, query: int) -> np.ndarray:
        """Distinct catalogue rows of the history."""
        return np.unique(self.data.events.item[self.histories[query]])

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Query numbers, `size` at a time."""
        for start in range(0, len(self), size):
            yield np.arange(start, min(start + size, len(self)))


def queries_of(split: Split) -> Queries:
    """The queries of a split.

    Raises:
        ValueError: the split has no events.
    """
    data, rows = split.data, split.rows
    if not len(rows):
        raise ValueError(
            f"The {split.name} split has no events, so there is nothing to evaluate. Users with fewer than "
            "three events are all training; give more data, or another split."
        )
    if data.schema.ordered:
        events = [np.asarray([row]) for row in rows]
    else:
        of_user = data.events.user[rows]
        events = np.split(rows, np.flatnonzero(np.diff(of_user)) + 1)
    users = np.asarray([data.events.user[asked[0]] for asked in events], "int64")
    return Queries(data, users, [split.history_rows(int(asked[0])) for asked in events], events)
