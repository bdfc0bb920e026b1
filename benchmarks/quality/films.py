"""Tables of MovieLens films that a split names and the conversion does not hold."""

from __future__ import annotations

from pathlib import Path

from benchmarks.quality.rewritten import Rows


def all_films(rows: Rows, source: Path) -> Rows:
    """The items of MovieLens-1M, with those that SASRec's file left out behind: by title, year and genres."""
    there = {row["item_id"] for row in rows}
    nothing = dict.fromkeys(rows[0], "")
    more = []
    for line in (source / "movielens" / "ml-1m" / "movies.dat").read_text("latin-1").splitlines():
        film, title, genres = line.split("::")
        if film not in there:
            year = title.rstrip(")")[-4:]
            more.append(
                {
                    **nothing,
                    "item_id": film,
                    "title": title,
                    "genres": genres,
                    "year": year * year.isdecimal(),
                }
            )
    return [*rows, *more]
