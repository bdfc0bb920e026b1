"""What a row adds where items are rare.

``python -m benchmarks.quality.rarity TABLE --row NAME --other NAME`` prints, of the answers that are kept of
two rows, the paired differences of users whose held-out item had so many training events. Nothing is trained
or asked again.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np

from benchmarks.quality.rows import kept_answers, prepared
from benchmarks.quality.table import Table
from benchmarks.quality.tables import TABLES
from tfmmrec.data.dataset import Data
from tfmmrec.evaluation.bootstrap import Difference, paired_difference

EVENTS = (0, 20, 100, 300, 1000)
"""Where each group of items begins, by training events."""


def by_rarity(
    data: Data, first: dict[str, np.ndarray], other: dict[str, np.ndarray], metric: str
) -> Iterator[tuple[int, Difference]]:
    """Where each group that has users begins, and how much greater a measure is with the first answers.

    Args:
        data: whose test holds out one item of each user.
        first, other: answers to the same users; see `kept_answers`.
        metric: of a ranking.

    Raises:
        ValueError: they are of other users, or the measure was not kept.
    """
    if metric not in first or metric not in other or not np.array_equal(first["users"], other["users"]):
        raise ValueError(
            f"{metric!r} of the same users is needed of both rows, and their answers hold "
            f"{sorted(first)} of {len(first.get('users', ()))} and {sorted(other)} of "
            f"{len(other.get('users', ()))} users. Run both rows anew."
        )
    rows = data.test.rows
    held_out = np.full(data.events.user.max() + 1, -1)
    held_out[data.events.user[rows]] = data.events.item[rows]
    group = np.searchsorted(EVENTS, data.popularity[held_out[first["users"]]], side="right") - 1
    for number, begin in enumerate(EVENTS):
        if (of_group := group == number).any():
            yield begin, paired_difference(first[metric][of_group], other[metric][of_group])


def main(table: Table, row: str, other: str) -> None:
    """Prints a line for each group and measure."""
    data = prepared(table, table.row(row))
    answers = [kept_answers(table, name, 0) for name in (row, other)]
    for metric, heading in table.columns.items():
        for begin, found in by_rarity(data, *answers, metric):
            bounds = f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}]"
            below = next((f" to {one - 1}" for one in EVENTS if one > begin), " or more")
            print(f"{heading}, {begin}{below} training events: {bounds} ({found.users} users)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.rarity", description=__doc__)
    parser.add_argument("table", choices=sorted(TABLES))
    parser.add_argument("--row", required=True)
    parser.add_argument("--other", required=True)
    arguments = parser.parse_args()
    main(TABLES[arguments.table], arguments.row, arguments.other)
