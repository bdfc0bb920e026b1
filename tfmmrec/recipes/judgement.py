"""A model judged beside the most popular items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfmmrec.baselines import MostPopular
from tfmmrec.data import Split
from tfmmrec.data.dataset import COLD
from tfmmrec.evaluation import Results, evaluate
from tfmmrec.models import Recommender
from tfmmrec.report import Estimate, estimates

MOST_POPULAR = "most popular"


@dataclass(frozen=True)
class Judgement:
    """A model and, where it ranks the catalogue, the most popular items, on one split.

    Attributes:
        results: of the model.
        columns: ``"model"`` and maybe ``"most popular"`` → metric → estimate.
        note: what one must know to read them; maybe nothing.
    """

    results: Results
    columns: dict[str, dict[str, Estimate]]
    note: str = ""


def judge(model: Recommender, split: Split, k: Sequence[int]) -> Judgement:
    """Evaluates a model, and beside it the most popular items, where it ranks the catalogue.

    Raises:
        ValueError: the split has no events.
    """
    results = evaluate(model, split, k)
    columns = {"model": estimates(results)}
    if model.schema.retrieval is None:
        return Judgement(results, columns)
    columns[MOST_POPULAR] = estimates(evaluate(MostPopular(split.data), split, k))
    note = ""
    if split.code == COLD:  # nobody took these items in training: what chance would do
        items, cut = len(np.unique(split.data.events.item[split.rows])), min(k)
        note = f"In a random order of the {items} items, recall@{cut} would be {min(1, cut / items):.4f}."
    return Judgement(results, columns, note)


def as_metrics(judgements: dict[str, Judgement]) -> dict[str, Any]:
    """``{split: {metric: {"mean", "low", "high"}}, "most popular": {split: …}, "protocol": {split: …}}``."""
    metrics: dict[str, Any] = {name: judged.columns["model"] for name, judged in judgements.items()}
    metrics[MOST_POPULAR] = {
        name: judged.columns[MOST_POPULAR]
        for name, judged in judgements.items()
        if MOST_POPULAR in judged.columns
    }
    metrics["protocol"] = {name: judged.results.protocol for name, judged in judgements.items()}
    return metrics
