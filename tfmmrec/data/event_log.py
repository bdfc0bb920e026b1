"""Which rows of the tables are used: ids that are known, times that can be read, each item and user once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfmmrec.data import splits
from tfmmrec.data.cells import by_appearance, number_ids, seconds
from tfmmrec.data.dead_letters import DeadLetters, advice
from tfmmrec.data.readers import Table
from tfmmrec.schema import Schema


@dataclass(frozen=True)
class EventLog:
    """The usable events in their final order: by user, then time, then place in the file.

    Attributes:
        rows: int64 ``[E]``, rows of the events table.
        user, item: int64 ``[E]``, numbers into `user_ids` and `item_ids`.
        user_ids, item_ids: by first appearance in the file. Without users, the number of each row from 1.
        time: float64 ``[E]``, seconds since the epoch; NaN where there is none.
        out_of_order: events that stand in the file after a later one of their user, and were sorted.
    """

    rows: np.ndarray
    user: np.ndarray
    item: np.ndarray
    user_ids: list[str]
    item_ids: list[str]
    time: np.ndarray
    out_of_order: int

    def starts(self, kept: np.ndarray) -> np.ndarray:
        """Where each user's events begin and end among the kept ones (bool ``[E]``): int64 ``[M + 1]``."""
        counts = np.bincount(self.user[kept], minlength=len(self.user_ids))
        return np.concatenate([[0], np.cumsum(counts)])


class _Sieve:
    """The rows of a table that are still in use. Every row it drops gets one letter."""

    def __init__(self, table: Table, letters: DeadLetters) -> None:
        self._table, self._letters = table, letters
        self._kept = np.ones(len(table), bool)

    @property
    def rows(self) -> np.ndarray:
        """int64: the rows left."""
        return np.flatnonzero(self._kept)

    def drop(self, bad: np.ndarray, column: str, reason: str) -> None:
        """Drops rows (bool ``[R]``) for what stands in a column, or ``""`` for the row as a whole."""
        rows, table = np.flatnonzero(self._kept & bad), self._table
        cells = table.cells(column, rows) if column else [None] * len(rows)
        for row, cell in zip(rows.tolist(), cells, strict=True):
            self._letters.row(table.name, *table.where(row), column, reason, cell)
        self._kept &= ~bad


def rows_by_id(table: Table, column: str, letters: DeadLetters) -> dict[str, int]:
    """The row of each item or user, in the order of the table; of several rows of one id the first."""
    numbers, ids = number_ids(table.columns[column])
    repeated = np.ones(len(numbers), bool)
    repeated[np.unique(numbers, return_index=True)[1]] = False
    kind = table.name.removesuffix("s")
    sieve = _Sieve(table, letters)
    sieve.drop(numbers < 0, column, f"empty {kind} id")
    sieve.drop(repeated, column, f"duplicate {kind} id")
    return {ids[numbers[row]]: row for row in sieve.rows.tolist()}


def usable_events(
    table: Table, schema: Schema, catalogue: dict[str, int] | None, split: str, letters: DeadLetters
) -> EventLog:
    """The events of known users and items at known times, each once, sorted.

    Two events are the same when user, item, time and event features are; the first in the file is kept.
    Without times nothing tells an event from its copy, and both are kept; see `splits.random`.

    Args:
        table: the events.
        schema: which columns are ids and times.
        catalogue: the items there are; None where there are those that events mention.
        split: the name of the split, which may read a column.
        letters: gets the other events.

    Raises:
        ValueError: no event is left.
    """
    if schema.user_id:
        user, user_ids = number_ids(table.columns[schema.user_id])
    else:  # every event is a user of its own
        user, user_ids = np.arange(len(table)), [str(number) for number in range(1, len(table) + 1)]
    item, item_ids = number_ids(table.columns[schema.item_id])
    time = seconds(table.columns[schema.timestamp]) if schema.timestamp else np.full(len(table), np.nan)
    sieve = _Sieve(table, letters)
    sieve.drop(user < 0, schema.user_id or "", "empty user id")
    sieve.drop(item < 0, schema.item_id, "empty item id")
    if catalogue is not None:
        unknown = np.asarray([one not in catalogue for one in item_ids] + [False])[item]
        sieve.drop(unknown, schema.item_id, "unknown item")
    if schema.timestamp and (schema.ordered or splits.needs_times(split)):
        sieve.drop(np.isnan(time), schema.timestamp, f"unusable {schema.timestamp}")
    if column := splits.column_of(split):
        codes = splits.column(values=table.cells(column, np.arange(len(table))))
        sieve.drop(codes < 0, column, "unknown split")
    if schema.timestamp:
        features = [feature.column for feature in schema.event if feature.in_table]
        sieve.drop(_repeated(table, sieve.rows, user, item, time, features), "", "duplicate event")
    rows = sieve.rows
    if not len(rows):
        counts = ", ".join(f"{reason} ({count})" for reason, count in letters.counts().items())
        first = next(letter for letter in letters if letter.table == table.name)
        raise ValueError(
            f"None of the {table.met} events of {table.file} can be used: {counts}. The first, line "
            f"{first.line}: {first.reason}{f' {first.value!r}' if first.value else ''}. {advice(first)}"
        )
    if schema.timestamp and not schema.ordered:  # a set of events can do without times
        lacking = rows[np.isnan(time[rows])]
        for row, cell in zip(lacking, table.cells(schema.timestamp, lacking), strict=True):
            if cell is not None:
                reason = f"unusable {schema.timestamp}"
                letters.cell(table.name, *table.where(row), schema.timestamp, reason, cell)
    user, old_users = by_appearance(user[rows])
    item, old_items = by_appearance(item[rows])
    order = np.lexsort((time[rows], user))  # stable: ties keep the order of the file
    # where each event of the file's order, user by user, stands in the final order
    place = np.argsort(order)[np.argsort(user, kind="stable")]
    out_of_order = int(np.sum(np.maximum.accumulate(place) > place)) if schema.ordered else 0
    return EventLog(
        rows[order],
        user[order],
        item[order],
        [user_ids[number] for number in old_users],
        [item_ids[number] for number in old_items],
        time[rows][order],
        out_of_order,
    )


def _repeated(
    table: Table,
    rows: np.ndarray,
    user: np.ndarray,
    item: np.ndarray,
    time: np.ndarray,
    columns: Sequence[str],
) -> np.ndarray:
    """bool ``[R]``: the rows, among the given ones, that say the same as one before them."""
    repeated = np.zeros(len(table), bool)
    pair = user * (1 + item.max(initial=0)) + item
    alike = rows[_neighbours(pair[rows])]
    alike = alike[_neighbours(pair[alike], time[alike])]  # NaN, an unknown time, is never the same
    cells = [map(repr, table.cells(column, alike)) for column in columns]
    seen: set[tuple[Any, ...]] = set()
    for row, *key in zip(alike.tolist(), user[alike], item[alike], time[alike], *cells, strict=True):
        repeated[row] = tuple(key) in seen
        seen.add(tuple(key))
    return repeated


def _neighbours(*keys: np.ndarray) -> np.ndarray:
    """The places, in their order, of what is there more than once, by all of these keys."""
    order = np.lexsort(keys[::-1])
    same = np.ones(max(0, len(order) - 1), bool)
    for key in keys:
        same &= key[order[1:]] == key[order[:-1]]
    once = ~np.append(same, False) & ~np.insert(same, 0, False) if len(order) else np.zeros(0, bool)
    return np.sort(order[~once])
