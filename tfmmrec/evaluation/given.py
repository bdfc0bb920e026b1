"""Ranking among a few given candidates, other ones for each query, as NeuMF was judged (He et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tfmmrec.evaluation.ranking import MEMORY, Asked, Ranking
from tfmmrec.evaluation.scores import Lines, Products, Scores

_QUERIES = 256  # of a chunk, at most


def rank_given(
    queries: Asked,
    score: Callable[[np.ndarray], np.ndarray] | Products,
    k: int,
    items: int,
    candidates: np.ndarray,
    memory: int = MEMORY,
) -> Ranking:
    """Ranks each query's held-out items among the candidates that are given for it.

    Few candidates make every model look good, and some models better than they are (Krichene and Rendle, KDD
    2020): `rank` is what tells models apart. This is for numbers that were published so.

    A held-out item's place counts every candidate that scores as much or more; other held-out items count
    only when they score more. The history is not masked: candidates are what they are.

    Args:
        queries: what is asked.
        score: as of `rank`.
        k: places to look at.
        items: size of the catalogue.
        candidates: int ``[Q, C]`` catalogue rows, −1 for none. The held-out items need not be among them.
        memory: bytes of working memory: a chunk's scores of all its candidates. Less than one query takes is
            not kept to.

    Raises:
        ValueError: candidates are not as described, or a score is not finite.
    """
    candidates = np.asarray(candidates)
    shape = (len(queries), *candidates.shape[1:])
    if candidates.ndim != 2 or candidates.shape != shape or not np.issubdtype(candidates.dtype, np.integer):
        raise ValueError(
            f"candidates of each query must be rows of the catalogue [{len(queries)}, C], got "
            f"{candidates.dtype} {list(candidates.shape)}."
        )
    if candidates.size and not -1 <= candidates.min() <= candidates.max() < items:
        raise ValueError(
            f"candidates must be rows of the catalogue, below {items}, or −1 for none; got values from "
            f"{candidates.min()} to {candidates.max()}."
        )
    scores: Scores = score if isinstance(score, Products) else Lines(score, items)
    ranking = Ranking(
        np.zeros((len(queries), k), bool),
        np.zeros(len(queries), "int64"),
        np.full((len(queries), k), -1, "int64"),
    )
    for chunk in _chunks(len(queries), items, candidates.shape[1], scores.bytes_per_query, memory):
        _rank_chunk(ranking, chunk, queries, scores, candidates[chunk])
    return ranking


def _rank_chunk(
    ranking: Ranking, chunk: np.ndarray, queries: Asked, scores: Scores, candidates: np.ndarray
) -> None:
    """Fills in the ranking of a chunk of queries."""
    k = ranking.hits.shape[1]
    row, target = queries.targets_of(chunk)
    ranking.relevant[chunk] = np.bincount(row, minlength=len(chunk))
    rows = np.unique(np.concatenate([target, candidates.ravel()]))
    rows = rows[rows >= 0]
    block = np.empty((len(rows), len(chunk)), "float32")
    scores.of(chunk)(rows, block)
    for place in range(len(chunk)):
        asked = target[row == place]
        others = np.setdiff1d(candidates[place], asked)
        others = others[others >= 0]
        # behind equals: a tie never helps; of equal candidates the lower row comes first
        competing = np.concatenate([others, asked])
        is_target = np.arange(len(competing)) >= len(others)
        order = np.lexsort((competing, is_target, -block[np.searchsorted(rows, competing), place]))[:k]
        ranking.hits[chunk[place], : len(order)] = is_target[order]
        ranking.recommended[chunk[place], : len(order)] = competing[order]


def _chunks(count: int, items: int, width: int, bytes_per_query: int, memory: int) -> Iterator[np.ndarray]:
    """Query numbers, so many at a time as hold their scores in `memory`, and always one."""
    size = _QUERIES
    while size > 1 and size * (4 * min(items, size * (width + 1)) + bytes_per_query) > memory:
        size //= 2
    for start in range(0, count, size):
        yield np.arange(start, min(start + size, count))
