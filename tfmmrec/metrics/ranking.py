"""Measures of a ranked list against the items that were relevant, one value per query.

Every function takes

- `hits`: bool `[Q, K]`, whether the item at place `j` of query `q` is relevant, best place first;
- `relevant`: integers `[Q]`, how many items are relevant to the query, found or not;
- `k`: how many places count, at most `K`;

and returns float64 `[Q]`, between 0 and 1, so that queries can be averaged, sliced and resampled
afterwards. A query with nothing relevant has no answer to find: its value is NaN in every measure, so
`np.nanmean` averages all of them over the same queries.

With one relevant item per query at the known 0-based place `rank`, `hits = rank[:, None] == np.arange(K)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def recall_at(hits: ArrayLike, relevant: ArrayLike, k: int) -> NDArray[np.float64]:
    """Share of the relevant items that stand in the first `k` places.

    With more than `k` relevant items it cannot reach 1.

    Args:
        hits: bool `[Q, K]`, best place first.
        relevant: integers `[Q]`.
        k: places that count, 1 to `K`.

    Returns:
        float64 `[Q]`; NaN where nothing is relevant.

    Raises:
        ValueError: if shapes, dtypes or `k` do not fit, or a query has more hits than relevant items.
    """
    top, number = _checked(hits, relevant, k)
    return _over(np.count_nonzero(top, axis=1), number)


def hit_rate_at(hits: ArrayLike, relevant: ArrayLike, k: int) -> NDArray[np.float64]:
    """1 if any relevant item stands in the first `k` places, else 0.

    With one relevant item per query it equals `recall_at`.

    Args, returns and raises: as `recall_at`.
    """
    top, number = _checked(hits, relevant, k)
    return np.where(number > 0, top.any(axis=1), np.nan)


def precision_at(hits: ArrayLike, relevant: ArrayLike, k: int) -> NDArray[np.float64]:
    """Share of the first `k` places that hold a relevant item.

    Empty places count as misses: the divisor is always `k`.

    Args, returns and raises: as `recall_at`.
    """
    top, number = _checked(hits, relevant, k)
    return np.where(number > 0, np.count_nonzero(top, axis=1) / k, np.nan)


def mrr_at(hits: ArrayLike, relevant: ArrayLike, k: int) -> NDArray[np.float64]:
    """Reciprocal rank: 1 / place of the first relevant item (places from 1), 0 if none is in the first `k`.

    Its mean over queries is the mean reciprocal rank (Voorhees, TREC-8, 1999).

    Args, returns and raises: as `recall_at`.
    """
    top, number = _checked(hits, relevant, k)
    # argmax of a row without a hit is 0 as well, hence the product with `any`
    return np.where(number > 0, top.any(axis=1) / (top.argmax(axis=1) + 1.0), np.nan)


def ndcg_at(hits: ArrayLike, relevant: ArrayLike, k: int) -> NDArray[np.float64]:
    """Normalised discounted cumulative gain with binary relevance (Järvelin and Kekäläinen, 2002).

    `DCG = Σ_j hit_j / log2(j + 1)` over places `j = 1..k`, divided by the best that could be had: all of
    the first `min(relevant, k)` places filled with relevant items.

    Args, returns and raises: as `recall_at`.
    """
    top, number = _checked(hits, relevant, k)
    discounts = 1.0 / np.log2(np.arange(2, k + 2))
    best = np.concatenate([[0.0], np.cumsum(discounts)])
    gain = np.zeros(len(top))
    for hit, discount in zip(top.T, discounts, strict=True):
        gain += hit * discount  # in the order `best` is added up, so that a perfect list gives exactly 1
    return _over(gain, best[np.minimum(number, k)])


def _checked(hits: ArrayLike, relevant: ArrayLike, k: int) -> tuple[NDArray[np.bool_], NDArray[np.integer]]:
    """The first `k` places of `hits` and `relevant`, once they are known to fit together."""
    hits, relevant = np.asarray(hits), np.asarray(relevant)
    if hits.ndim != 2 or hits.dtype != np.bool_:
        raise ValueError(
            f"hits must be bool [queries, places], got {hits.dtype} {list(hits.shape)}. Say for each place "
            "whether its item is relevant, not which item it is or how it scored."
        )
    if relevant.shape != hits.shape[:1] or not np.issubdtype(relevant.dtype, np.integer):
        raise ValueError(
            f"relevant must be integers [{hits.shape[0]}], how many items are relevant to each row of hits, "
            f"got {relevant.dtype} {list(relevant.shape)}. Use 0 for a query with nothing relevant."
        )
    if relevant.size and relevant.min() < 0:
        raise ValueError(f"relevant must not be negative, got {relevant.min()}. It counts items: 0 for none.")
    if not isinstance(k, int | np.integer) or isinstance(k, bool) or not 1 <= k <= hits.shape[1]:
        raise ValueError(
            f"k must be a whole number from 1 to {hits.shape[1]}, the places that hits holds, got {k!r}. "
            "Recommend more places, or fill hits up with False where the catalogue is smaller than k."
        )
    wrong = np.flatnonzero(np.count_nonzero(hits, axis=1) > relevant)
    if wrong.size:
        query = int(wrong[0])
        raise ValueError(
            f"hits cannot outnumber relevant, yet query {query} has {np.count_nonzero(hits[query])} hits and "
            f"relevant says {relevant[query]} ({wrong.size} such queries). Count all relevant items of a "
            "query, and recommend no item twice."
        )
    return hits[:, :k], relevant


def _over(part: NDArray, whole: NDArray) -> NDArray[np.float64]:
    """`part / whole`, NaN where `whole` is 0."""
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
