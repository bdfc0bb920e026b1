"""Do the cheap rows still come out as they stand? ``python -m benchmarks.quality.check [--seconds 60]``.

Every row with seed 0 that took at most so many seconds is made again, from nothing, and each of its metrics
has to lie in the interval that stands in the table; where it has none, a baseline's has to be the same. Rows
that begin with another training are left out. Nothing is written to the results.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.quality.peers.peer import MissingPeerError
from benchmarks.quality.rows import measure, read_rows
from benchmarks.quality.table import Table
from benchmarks.quality.tables import TABLES


def left(table: Table, seconds: float) -> Iterator[str]:
    """In words, every metric of the table's cheap rows that has left its interval."""
    records = {record["model"]: record for record in read_rows(table) if record["seeds"] == [0]}
    for row in table.rows:
        if row.name not in records or records[row.name]["seconds"] > seconds:
            continue
        if row.beginning is not None and row.beginning.table:
            print(f"{table.name}: {row.name} is left out. It begins with {row.beginning.table}.")
            continue
        try:
            with tempfile.TemporaryDirectory() as folder:
                again = measure(table, row, 0, Path(folder))
        except MissingPeerError as error:
            print(f"{table.name}: {row.name} is left out. {error}")
            continue
        for record, _ in again:
            for metric, found in record["metrics"].items():
                before = records[record["model"]]["metrics"][metric]
                if row.baseline is None and "low" not in before:
                    continue  # trained elsewhere it is another number, and there is nothing to hold it to
                # intervals are rounded to five decimals
                low, high = (before.get(end, before["mean"]) for end in ("low", "high"))
                if not math.isnan(found["mean"]) and not low - 1e-5 <= found["mean"] <= high + 1e-5:
                    yield (
                        f"{table.name}, {record['model']}: {metric} is {found['mean']} now, and "
                        f"[{low}, {high}] in the table"
                    )
        print(f"{table.name}: {row.name}", flush=True)


def main() -> None:
    """Says what has left its interval; exit code 1 where something has."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", choices=sorted(TABLES), action="append", help="all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="that a row took at most")
    given = parser.parse_args()
    found = [line for name in given.table or TABLES for line in left(TABLES[name], given.seconds)]
    if found:
        raise SystemExit("\n".join(found))


if __name__ == "__main__":
    main()
