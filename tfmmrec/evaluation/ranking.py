"""Full-catalogue ranking in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tfmmrec.data.distinct import up_to
from tfmmrec.evaluation.best import GROUP, Best, keys_of
from tfmmrec.evaluation.scores import Lines, Products, Scores

MEMORY = 1 << 28
"""Bytes of working memory by default: 256 MiB."""

_ITEMS, _QUERIES = 4096, 256  # of a block at most: 4 MiB of scores, which a cache holds while they are read
_EVENT = 96  # bytes for each event of a history and each held-out one while its query is ranked


class Asked(Protocol):
    """What `rank` wants to know of queries; see `tfmmrec.evaluation.Queries`."""

    def __len__(self) -> int: ...

    @property
    def sizes(self) -> np.ndarray: ...

    def targets_of(self, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...

    def seen_of(self, chunk: np.ndarray) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True)
class Ranking:
    """Where the held-out items came, and what was recommended instead.

    Attributes:
        hits: bool ``[Q, K]``, whether place j holds a held-out item.
        relevant: int ``[Q]``, held-out items per query.
        recommended: int ``[Q, K]`` catalogue rows, −1 where fewer than K items could be recommended; of items
            that score the same, the lower row first.
    """

    hits: np.ndarray
    relevant: np.ndarray
    recommended: np.ndarray


def rank(
    queries: Asked,
    score: Callable[[np.ndarray], np.ndarray] | Products,
    k: int,
    items: int,
    mask_history: bool = True,
    candidates: np.ndarray | None = None,
    memory: int = MEMORY,
) -> Ranking:
    """Ranks the catalogue for each query.

    A held-out item's place counts every other item that scores as much or more (other held-out items only
    when they score more): ties never help, so a constant score ranks last and not first. One that is no
    candidate is not recommended, and not found, however few compete.

    Queries are taken a chunk at a time and, of `Products`, the catalogue a block of items at a time; each
    query's best k so far are all that is kept of a block.

    Args:
        queries: what is asked.
        score: the products of states and vectors; or query numbers ``[q]`` → float32 scores ``[q, items]``.
        k: places to look at.
        items: size of the catalogue.
        mask_history: items of the history are not recommended, unless they are asked for.
        candidates: int ``[C]`` catalogue rows that compete; all by default.
        memory: bytes of working memory: scores, what is read from them, and the chunk's events. Less than one
            query takes (a few KiB, and of other scores than products a whole line) is not kept to. The
            ranking itself, ``Q · (9 k + 8)`` bytes, and what a scorer needs for itself come on top.

    Raises:
        ValueError: a score is not finite, or scores or candidates are not as described.
    """
    scores: Scores = score if isinstance(score, Products) else Lines(score, items)
    among = None if candidates is None else _competing(candidates, items)
    ranking = Ranking(
        np.zeros((len(queries), k), bool),
        np.zeros(len(queries), "int64"),
        np.full((len(queries), k), -1, "int64"),
    )
    size = _block(items if among is None else len(among), k, scores.bytes_per_query, memory)
    for chunk in _chunks(queries.sizes * _EVENT + scores.bytes_per_query + Best.scratch(size, k), memory):
        _rank_chunk(ranking, chunk, queries, scores, items, mask_history, among, size)
    return ranking


def _rank_chunk(
    ranking: Ranking,
    chunk: np.ndarray,
    queries: Asked,
    scores: Scores,
    items: int,
    mask_history: bool,
    among: np.ndarray | None,
    size: int,
) -> None:
    """Fills in the ranking of a chunk of queries."""
    k = ranking.hits.shape[1]
    row, target = queries.targets_of(chunk)
    ranking.relevant[chunk] = np.bincount(row, minlength=len(chunk))
    hidden_row, hidden = row, target
    if mask_history:
        seen_row, seen = queries.seen_of(chunk)
        hidden_row, hidden = np.concatenate([row, seen_row]), np.concatenate([target, seen])
    competing = items if among is None else len(among)
    targets, masks = (
        _Cells(*cells, among, competing, size) for cells in ((row, target), (hidden_row, hidden))
    )
    at_target = np.full(len(row), -np.inf, "float32")
    best, write = Best(len(chunk), k), scores.of(chunk)
    block = np.empty((size, len(chunk)), "float32")
    for number, first in enumerate(range(0, competing, size)):
        last = min(first + size, competing)
        write(slice(first, last) if among is None else among[first:last], block[: last - first])
        whole = up_to(last - first, GROUP)
        block[last - first : whole] = -np.inf
        which, place, query = targets.of(number)
        at_target[which] = block[place, query]
        _, place, query = masks.of(number)
        block[place, query] = -np.inf
        best.add(block[:whole], first)

    # the targets of a query, best first: each comes after the competitors and the targets before it
    position = target if among is None else np.searchsorted(among, target)
    keys = keys_of(at_target, position)
    order = np.lexsort((~keys, row))
    row, keys, at_target = row[order], keys[order], at_target[order]
    before = np.arange(len(row)) - np.searchsorted(row, row)
    place = before + best.count_at_least(row, at_target)
    competes = np.isfinite(at_target)  # one that is no candidate has no place
    found = (place < k) & competes
    ranking.hits[chunk[row[found]], place[found]] = True
    shown = (before < k) & competes
    best.merge(row[shown], keys[shown])
    recommended = best.items()
    ranking.recommended[chunk] = (
        recommended if among is None else np.where(recommended < 0, -1, among[recommended])
    )


class _Cells:
    """Pairs of query and item, to be found block by block.

    Args:
        query: int ``[P]``.
        item: int ``[P]``, catalogue rows.
        among: the rows that are scored, ascending; None for all. Pairs of other items are left out.
        competing: how many are scored.
        size: items of a block.
    """

    def __init__(
        self, query: np.ndarray, item: np.ndarray, among: np.ndarray | None, competing: int, size: int
    ) -> None:
        self._size, self._which = size, np.arange(len(item))
        if among is not None:
            position = np.minimum(np.searchsorted(among, item), competing - 1)
            self._which = np.flatnonzero(among[position] == item)
            query, item = query[self._which], position[self._which]
        blocks = -(-competing // size)
        self._start = np.array([0, len(item)])
        if blocks > 1:
            block = (item // size).astype(
                np.min_scalar_type(blocks)
            )  # few bits, which are sorted the fastest
            order = np.argsort(block, kind="stable")
            query, item, self._which = query[order], item[order], self._which[order]
            self._start = np.searchsorted(block[order], np.arange(blocks + 1))
        self._query, self._item = query, item

    def of(self, block: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pairs of a block: their numbers, the items' places in the block, and the queries."""
        span = slice(self._start[block], self._start[block + 1])
        return self._which[span], self._item[span] - block * self._size, self._query[span]


def _competing(candidates: np.ndarray, items: int) -> np.ndarray:
    """The candidates in ascending order, each once."""
    candidates = np.asarray(candidates)
    if not candidates.size:
        raise ValueError("candidates must name at least one row of the catalogue, got none.")
    if candidates.ndim != 1 or not np.issubdtype(candidates.dtype, np.integer):
        raise ValueError(
            "candidates of all queries must be rows of the catalogue, whole numbers [C], got "
            f"{candidates.dtype} {list(candidates.shape)}; np.flatnonzero makes rows of a mask."
        )
    if not 0 <= candidates.min() <= candidates.max() < items:
        raise ValueError(
            f"candidates must be rows of the catalogue, from 0 to {items - 1}; got values from "
            f"{candidates.min()} to {candidates.max()}. Only in candidates [Q, C], each query's own, is −1 "
            "none."
        )
    return np.unique(candidates)


def _block(competing: int, k: int, needed: int, memory: int) -> int:
    """Items of a block, whole groups; fewer where little memory would else make a chunk a few queries.

    Args:
        competing: items that are scored.
        k: places to look at.
        needed: bytes of a query whatever the block.
        memory: bytes of a chunk.
    """
    size = up_to(min(competing, _ITEMS), GROUP)
    while size > GROUP and Best.scratch(size, k) > max(needed, 8 * memory // _QUERIES):
        size = up_to(size // 2, GROUP)
    return size


def _chunks(cost: np.ndarray, memory: int) -> Iterator[np.ndarray]:
    """Query numbers, so many at a time as cost together no more than `memory`, and always one."""
    end, start = np.cumsum(cost), 0
    while start < len(cost):
        fits = int(np.searchsorted(end, memory + (end[start - 1] if start else 0), side="right"))
        stop = max(start + 1, min(fits, start + _QUERIES))
        yield np.arange(start, stop)
        start = stop
