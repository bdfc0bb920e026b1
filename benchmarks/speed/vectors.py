"""Vectors to search in: those of a model that was trained for a moment, in as many copies as are wanted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tfmmrec.aside import file_aside

if TYPE_CHECKING:
    from tfmmrec.data import Data
    from tfmmrec.models import Recommender

KEPT = Path("runs") / "benchmarks" / "ml-1m-index"
WIDTH, HISTORY, EPOCHS = 64, 50, 4
NOISE = 0.5
"""Of a copy, beside what the trained vectors differ by: in each direction a share of their deviation."""


def small() -> tuple[Recommender, Data]:
    """A causal Transformer over the ids of MovieLens-1M and its data; trained for a few epochs, and kept.

    Raises:
        SystemExit: TFMMREC_DATA is not set.
    """
    import keras

    from tfmmrec.data import load
    from tfmmrec.modalities import History
    from tfmmrec.models import build_recommender
    from tfmmrec.recipes.movielens import convert_1m
    from tfmmrec.schema import Schema
    from tfmmrec.tasks import NextItem
    from tfmmrec.training import fit

    source = os.environ.get("TFMMREC_DATA")
    if not source:
        raise SystemExit("Set TFMMREC_DATA to the folder of the benchmark data sets.")
    folder = convert_1m(source, KEPT.with_name("ml-1m") / "data")
    schema = Schema(tasks=[NextItem()], order="file", history=History(length=HISTORY, layers=1, heads=2))
    data = load(folder, schema, prepared=KEPT / "prepared")
    kept = KEPT / "model.keras"
    if kept.is_file():
        return keras.saving.load_model(kept), data
    model = build_recommender(data.schema, data.vocabulary, width=WIDTH, seed=0)
    fit(model, data.train, epochs=EPOCHS, batch_events=8192, seed=0)
    with file_aside(kept) as aside:
        model.save(aside)
    return model, data


def trained() -> tuple[np.ndarray, np.ndarray]:
    """Vectors of MovieLens-1M's items ``[N, 64]`` and the states of its test users ``[Q, 64]``, float32."""
    from tfmmrec.evaluation import queries_of
    from tfmmrec.evaluation.states import user_states

    model, data = small()
    vectors = model.encode_items(data.catalogue.items)["vector"]
    return vectors, user_states(model, queries_of(data.test), vectors)


def copies(vectors: np.ndarray, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """So many vectors: those that are given and copies of them, moved at random.

    The noise has the covariance of the vectors themselves, so copies lie where items lie.

    Returns:
        float32 ``[count, D]``, and int ``[count]``: the row that each is a copy of.
    """
    generator = np.random.default_rng(seed)
    axes = np.linalg.cholesky(np.cov(vectors, rowvar=False) + 1e-9 * np.eye(vectors.shape[1]))
    few = np.arange(min(len(vectors), count))
    original = np.concatenate([few, generator.integers(0, len(vectors), count - len(few))])
    made = vectors[original]
    rows = 1 << 16
    for start in range(len(vectors), count, rows):
        part = made[start : start + rows]
        part += (NOISE * generator.standard_normal(part.shape) @ axes.T).astype("float32")
    return made, original


def uniform(count: int, seed: int = 0) -> np.ndarray:
    """The hard case: float32 ``[count, 64]`` from −1 to 1, in no clusters at all."""
    return np.random.default_rng(seed).uniform(-1, 1, (count, WIDTH)).astype("float32")
