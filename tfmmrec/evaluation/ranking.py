"""Full-catalogue ranking in bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tfmmrec.evaluation.queries import Queries

_SCORES = 1 << 24
"""Scores held at once by default: 64 MiB of float32."""


@dataclass(frozen=True)
class Ranking:
    """Where the held-out items came, and what was recommended instead.

    Attributes:
        hits: bool ``[Q, K]``, whether place j holds a held-out item.
        relevant: int ``[Q]``, held-out items per query.
        recommended: int ``[Q, K]`` catalogue rows, −1 where fewer than K items could be recommended.
    """

    hits: np.ndarray
    relevant: np.ndarray
    recommended: np.ndarray


def rank(
    queries: Queries,
    score: Callable[[np.ndarray], np.ndarray],
    k: int,
    items: int,
    mask_history: bool = True,
    candidates: np.ndarray | None = None,
    memory: int = _SCORES,
) -> Ranking:
    """Ranks the catalogue for each query.

    A held-out item's place counts every other item that scores as much or more (other held-out items only
    when they score more): ties never help, so a constant score ranks last and not first.

    Args:
        queries: what is asked.
        score: query numbers ``[q]`` → float scores ``[q, items]``; the array may be written to.
        k: places to look at.
        items: size of the catalogue.
        mask_history: items of the history are not recommended, unless they are asked for.
        candidates: catalogue rows that compete; all by default.
        memory: scores held at once.
    """
    hits = np.zeros((len(queries), k), bool)
    relevant = np.zeros(len(queries), "int64")
    recommended = np.full((len(queries), k), -1, "int64")
    barred = np.ones(items, bool)
    barred[slice(None) if candidates is None else candidates] = False
    for chunk in queries.chunks(max(1, memory // max(items, 1))):
        scores = np.asarray(score(chunk), "float32")
        if not np.isfinite(scores).all():
            raise ValueError("The model's scores are not all finite numbers; the training has diverged.")
        scores[:, barred] = -np.inf
        for row, query in enumerate(chunk):
            targets = queries.targets(query)
            line = scores[row]
            at_target = line[targets]
            if mask_history:
                line[queries.seen(query)] = -np.inf
            line[targets] = -np.inf
            places = (line[None, :] >= np.maximum(at_target, np.finfo("float32").min)[:, None]).sum(axis=1)
            places = places + (at_target[None, :] > at_target[:, None]).sum(axis=1)
            # equal held-out items take successive places
            places = np.sort(places)
            for i in range(1, len(places)):
                places[i] = max(places[i], places[i - 1] + 1)
            hits[query, places[places < k]] = True
            relevant[query] = len(targets)
            line[targets] = at_target
        width = min(k, items)
        best = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        value = np.take_along_axis(scores, best, 1)
        by_score = np.lexsort((best, -value), axis=1)
        best, value = np.take_along_axis(best, by_score, 1), np.take_along_axis(value, by_score, 1)
        recommended[chunk, :width] = np.where(np.isfinite(value), best, -1)
    return Ranking(hits, relevant, recommended)
