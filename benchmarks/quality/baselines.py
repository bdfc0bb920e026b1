"""The baselines that stand in every table that ranks, with the grids their settings are chosen from."""

from __future__ import annotations

from benchmarks.quality.table import Row
from tfmmrec.baselines import EASE, ItemKNN, MostPopular

BASELINES = (
    Row("most popular", baseline=MostPopular),
    Row("item-kNN", baseline=ItemKNN, grid={"k": (20, 100, 500), "shrink": (0, 10, 100, 1000)}),
    Row("EASE", baseline=EASE, grid={"l2": (10, 30, 100, 300, 1000, 3000)}),
)
