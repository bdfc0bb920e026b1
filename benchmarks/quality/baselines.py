"""The baselines that stand beside every result, with the grids their settings are chosen from."""

from __future__ import annotations

from benchmarks.quality.sounds import Sounds
from benchmarks.quality.table import Row
from benchmarks.quality.words import Words
from tfmmrec.baselines import EASE, Bias, ItemKNN, MostPopular

BASELINES = (  # of a ranking
    Row("most popular", baseline=MostPopular),
    Row("item-kNN", baseline=ItemKNN, grid={"k": (20, 100, 500), "shrink": (0, 10, 100, 1000)}),
    Row("EASE", baseline=EASE, grid={"l2": (10, 30, 100, 300, 1000, 3000)}),
)


def bias(monitor: str) -> Row:
    """Of labels that users give: the means of items and users, chosen by one task's measure."""
    grid = {"item": (1, 3, 10, 30, 100), "user": (1, 3, 10, 30, 100)}
    return Row("item and user means", baseline=Bias, grid=grid, training={"monitor": monitor})


def words(monitor: str) -> Row:
    """Of labels of what has words: a linear model of them, chosen by one task's measure."""
    return Row(
        "words, logistic regression",
        baseline=Words,
        grid={"strength": (1, 3, 10, 30, 100)},
        training={"monitor": monitor},
    )


def sounds(monitor: str) -> Row:
    """Of labels of what can be heard: support vectors of the cepstrum, chosen by one task's measure."""
    return Row(
        "cepstrum, support vectors",
        baseline=Sounds,
        grid={"strength": (1, 10, 100), "moments": (8, 16)},
        training={"monitor": monitor},
    )
