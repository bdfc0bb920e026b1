"""Measures of what is recommended, right or wrong: how much of the catalogue, how new, how varied.

`recommended` is always integers `[Q, K]`: item indices, −1 for an empty place. No measure here depends on the
order within a list. Lists are read place by place, so that no `[Q, K]` array of floats is held.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Numbers held at once while the vectors of several lists are gathered: 32 MiB of float64.
GATHERED = 4_194_304


def coverage(recommended: ArrayLike, items: int) -> float:
    """Share of the catalogue that is recommended at least once (Ge et al., RecSys 2010, "catalog coverage").

    Args:
        recommended: integers `[Q, K]`, −1 for an empty place.
        items: number of items in the catalogue.

    Returns:
        A number between 0 and 1.

    Raises:
        ValueError: if `recommended` is not `[Q, K]` integers from −1 to `items − 1`, or `items` is below 1.
    """
    return float(np.count_nonzero(_times_recommended(recommended, items)) / items)


def gini(recommended: ArrayLike, items: int) -> float:
    """Gini coefficient of how often each item of the catalogue is recommended.

    0: every item equally often; towards 1: all recommendations go to one item. With the counts sorted
    upwards, `Σ_i (2i − n − 1) c_i / (n Σ c)`, `i` from 1.

    Args and raises: as `coverage`.

    Returns:
        A number between 0 and 1 − 1/items; NaN if nothing is recommended.
    """
    counts = np.sort(_times_recommended(recommended, items)).astype(np.float64)
    total = counts.sum()
    if total == 0:
        return math.nan
    return float((2.0 * np.arange(1, items + 1) - items - 1) @ counts / (items * total))


def novelty(recommended: ArrayLike, popularity_counts: ArrayLike) -> NDArray[np.float64]:
    """Mean self-information of the recommended items, in bits: `mean(−log2 p)`.

    `p` is the item's share of all events. Source: self-information in Zhou et al., PNAS 2010, there with the
    item's share of users; popularity-based novelty in Vargas and Castells, RecSys 2011. The formula has no
    value for an item without an event: it counts as if it had one.

    Args:
        recommended: integers `[Q, K]`, −1 for an empty place.
        popularity_counts: integers `[items]`, training events of each item.

    Returns:
        float64 `[Q]`; NaN for an empty list.

    Raises:
        ValueError: if an index is out of the catalogue, or counts are no whole numbers from 0 or are all 0.
    """
    counts = _counts(popularity_counts)
    information = math.log2(counts.sum(dtype=np.float64)) - np.log2(np.maximum(counts, 1))
    return _mean_over_places(recommended, information)


def popularity_share(
    recommended: ArrayLike, popularity_counts: ArrayLike, head: float = 0.2
) -> NDArray[np.float64]:
    """Share of a list taken by the most popular items of the catalogue.

    Args:
        recommended: integers `[Q, K]`, −1 for an empty place.
        popularity_counts: integers `[items]`, training events of each item.
        head: the share of the catalogue that counts as popular, above 0 and at most 1, rounded up to whole
            items; among equally popular items the lower index comes first.

    Returns:
        float64 `[Q]`, between 0 and 1; NaN for an empty list.

    Raises:
        ValueError: as `novelty`, or if `head` is out of range.
    """
    counts = _counts(popularity_counts)
    if not 0 < head <= 1:
        raise ValueError(f"head must be above 0 and at most 1, got {head}. 0.2 is the catalogue's top fifth.")
    popular = np.zeros(counts.size)
    # negative counts sort downwards; int64, so that unsigned counts can be negated
    popular[np.argsort(-counts.astype(np.int64), kind="stable")[: math.ceil(head * counts.size)]] = 1.0
    return _mean_over_places(recommended, popular)


def diversity(recommended: ArrayLike, vectors: ArrayLike) -> NDArray[np.float64]:
    """Mean of `1 − cosine` over the pairs of items within a list.

    Source: intra-list similarity, Ziegler et al., WWW 2005, here averaged over pairs and turned round.
    With unit vectors `u`, the cosines of all ordered pairs add up to `|Σu|² − n`, so no pair is formed:
    `O(Q · K · D)`, a bounded number of lists at a time.

    An item whose vector is all zeros has no direction (an item without content, say) and is left out.

    Args:
        recommended: integers `[Q, K]`, −1 for an empty place.
        vectors: finite numbers `[items, D]`, not necessarily of unit length.

    Returns:
        float64 `[Q]`, between 0 and 2; NaN for a list with fewer than two items that have a vector.

    Raises:
        ValueError: if an index is out of the catalogue, or `vectors` is not finite numbers `[items, D]`.
    """
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise ValueError(
            f"vectors must be numbers [items, width], got {vectors.dtype} {list(vectors.shape)}. "
            "Give one row for each item of the catalogue."
        )
    recommended = _checked(recommended, len(vectors))
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors, dtype=np.float64))
    broken = np.flatnonzero(~np.isfinite(lengths))
    if broken.size:
        raise ValueError(
            f"vectors must be finite, yet {broken.size} rows hold NaN, infinite or far too large numbers, "
            f"the first of them row {broken[0]}. Use a row of zeros for an item without a vector."
        )
    result = np.full(len(recommended), np.nan)
    step = max(1, GATHERED // max(1, recommended.shape[1] * vectors.shape[1]))
    for start in range(0, len(recommended), step):
        chosen = recommended[start : start + step]
        usable = (chosen >= 0) & (lengths[chosen] > 0)
        scale = np.divide(1.0, lengths[chosen], out=np.zeros(chosen.shape), where=usable)
        # a factor of 0 removes an unusable place from the sum
        together = np.einsum("qk,qkd->qd", scale, vectors[chosen])
        number = np.count_nonzero(usable, axis=1).astype(np.float64)
        similar = np.einsum("qd,qd->q", together, together) - number
        pairs = number * (number - 1)
        mean = np.divide(similar, pairs, out=np.full(len(chosen), np.nan), where=pairs > 0)
        result[start : start + step] = np.clip(1.0 - mean, 0.0, 2.0)  # rounding may step over the bounds
    return result


def _checked(recommended: ArrayLike, items: int) -> NDArray[np.integer]:
    """`recommended` as an array, once every index is known to be in the catalogue or −1."""
    recommended = np.asarray(recommended)
    if items < 1:
        raise ValueError(f"the catalogue must hold at least one item, got {items}.")
    if recommended.ndim != 2 or not np.issubdtype(recommended.dtype, np.integer):
        raise ValueError(
            f"recommended must be integers [queries, places], got {recommended.dtype} "
            f"{list(recommended.shape)}. Give item indices, with -1 for an empty place."
        )
    if recommended.size and (recommended.min() < -1 or recommended.max() >= items):
        raise ValueError(
            f"recommended must hold item indices from 0 to {items - 1}, or -1 for an empty place, got "
            f"{recommended.min()} to {recommended.max()}. Are these ids, or indices of another catalogue?"
        )
    return recommended


def _counts(popularity_counts: ArrayLike) -> NDArray[np.integer]:
    """`popularity_counts` as an array, once it is known to be counts."""
    counts = np.asarray(popularity_counts)
    if counts.ndim != 1 or not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(
            f"popularity_counts must be integers [items], the training events of each item, got "
            f"{counts.dtype} {list(counts.shape)}. Give counts, not shares."
        )
    if counts.size and counts.min() < 0:
        raise ValueError(f"popularity_counts must not be negative, got {counts.min()}. Use 0 for no event.")
    if not counts.any():
        raise ValueError("popularity_counts must hold an event, got none. Count the training events.")
    return counts


def _times_recommended(recommended: ArrayLike, items: int) -> NDArray[np.integer]:
    """How often each item of the catalogue is recommended, `[items]`."""
    counts = np.zeros(items, np.int64)
    for column in _checked(recommended, items).T:
        counts += np.bincount(column[column >= 0].astype(np.int64, copy=False), minlength=items)
    return counts


def _mean_over_places(recommended: ArrayLike, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of an item's value over the filled places of each list, `[Q]`; NaN for an empty list."""
    recommended = _checked(recommended, len(values))
    total, number = np.zeros(len(recommended)), np.zeros(len(recommended))
    for column in recommended.T:
        filled = column >= 0
        total += np.where(filled, values[column], 0.0)
        number += filled
    return np.divide(total, number, out=np.full(len(recommended), np.nan), where=number > 0)
