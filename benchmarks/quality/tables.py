"""All tables by name, in the order of the README."""

from __future__ import annotations

from benchmarks.quality import (
    collm,
    digits,
    fashion,
    lastfm_2k,
    ml_1m,
    ml_100k,
    ml_100k_u1,
    neumf,
    reviews,
    robustness,
    tiktok,
    transfer,
)
from benchmarks.quality.table import Table

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ml_1m.TABLE,
        lastfm_2k.TABLE,
        tiktok.TABLE,
        ml_100k.TABLE,
        ml_100k_u1.TABLE,
        collm.TABLE,
        neumf.TABLE,
        fashion.TABLE,
        fashion.WITHOUT_LABEL_WORDS,
        digits.TABLE,
        digits.BY_SPEAKER,
        reviews.TABLE,
        robustness.ML_1M,
        robustness.LASTFM_2K,
        robustness.BY_TIME,
        *transfer.TABLES,
    )
}
