"""Sentences of film reviews: do they praise or blame?"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.quality.baselines import words
from benchmarks.quality.table import Row, Table
from tfmmrec.recipes.review_polarity import convert
from tfmmrec.schema import Schema


def with_hidden_words(schema: Schema) -> Schema:
    """Seven thousand sentences are soon known by heart: a third of their words is hidden in training."""
    (text,) = schema.item
    return replace(schema, item=(replace(text, hide=0.3),))


TABLE = Table(
    name="reviews",
    dataset="Sentence polarity, a fifth held out by the hash of its id",
    prepare=convert,
    split_sha256="84e80b6a1cca9f055c32bcf9cd52bdd7637d5a2b12a15f7b9fbc920d6d160d14",
    columns={"polarity.accuracy": "accuracy", "polarity.macro_f1": "macro-F1"},
    rows=(Row("text", lambda schema: schema), words("polarity.accuracy")),
    schema=with_hidden_words,
    model={"width": 64},
    training={"epochs": 20, "patience": 6},
    grid={"learning_rate": (3e-4, 1e-3)},
)
