"""``python -m benchmarks.quality TABLE [--row NAME] [--seed N] [--compare]``."""

from __future__ import annotations

import argparse

from benchmarks.quality.rows import compare, run_missing, run_row
from benchmarks.quality.tables import TABLES

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("table", choices=sorted(TABLES))
    parser.add_argument("--row", help="one row by its name; all rows that are not there yet by default")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--compare", action="store_true", help="only the paired differences to the first row")
    arguments = parser.parse_args()
    table = TABLES[arguments.table]
    if arguments.row and not arguments.compare:
        run_row(table, table.row(arguments.row), arguments.seed)
    elif not arguments.compare:
        run_missing(table, arguments.seed)
    compare(table)
