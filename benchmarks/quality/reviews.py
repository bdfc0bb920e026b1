"""Sentences of film reviews: do they praise or blame?"""

from __future__ import annotations

from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.review_polarity import convert

TABLE = Table(
    name="reviews",
    dataset="Sentence polarity, a fifth held out by the hash of its id",
    prepare=convert,
    columns={"polarity.accuracy": "accuracy", "polarity.macro_f1": "macro-F1"},
    rows=(Row("text", lambda schema: schema),),
    model={"width": 64},
    training={"epochs": 20, "patience": 4},
    grid={"learning_rate": (3e-4, 1e-3)},
)
