"""The validation metric that decides which epoch's weights are kept."""

from __future__ import annotations

import math

from tfmmrec.metrics.direction import lower_is_better
from tfmmrec.models import Recommender
from tfmmrec.schema import Schema


def default_monitor(model: Recommender | Schema) -> str:
    """``ndcg@10`` where the catalogue is ranked, else the first head's own measure."""
    schema = model if isinstance(model, Schema) else model.schema
    if schema.retrieval is not None:
        return "ndcg@10"
    task = schema.tasks[0]
    return f"{task.name}.{task.main_metric}"


def best_epoch(records: list[dict[str, float]], monitor: str) -> int:
    """The epoch (from 1) whose weights were kept; 0 when there is none."""
    sign = -1.0 if lower_is_better(monitor) else 1.0
    key = f"validation {monitor}"
    best, at = -math.inf, 0
    for record in records:
        if key in record and sign * record[key] > best:
            best, at = sign * record[key], int(record["epoch"])
    return at
