"""Spoken digits from raw audio: which digit is said in a recording?"""

from __future__ import annotations

from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.spoken_digits import convert

TABLE = Table(
    name="digits",
    dataset="Free Spoken Digit Dataset, recordings 0 to 4 of every digit and speaker held out",
    prepare=convert,
    columns={"digit.accuracy": "accuracy", "digit.macro_f1": "macro-F1"},
    rows=(Row("raw audio", lambda schema: schema),),
    model={"width": 64},
    training={"epochs": 60, "patience": 15},
    grid={"learning_rate": (1e-3, 3e-3)},
)
