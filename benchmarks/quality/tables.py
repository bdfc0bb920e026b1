"""All tables by name."""

from __future__ import annotations

from benchmarks.quality import digits, fashion, lastfm_2k, ml_1m, ml_100k, reviews, tiktok
from benchmarks.quality.table import Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ml_1m.TABLE,
        lastfm_2k.TABLE,
        tiktok.TABLE,
        ml_100k.TABLE,
        fashion.TABLE,
        fashion.WITHOUT_LABEL_WORDS,
        digits.TABLE,
        reviews.TABLE,
    )
}
