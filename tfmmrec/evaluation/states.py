"""What a model knows of the users who are asked about: short histories are read in short rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tfmmrec.data.dataset import history_inputs
from tfmmrec.data.windows import length_buckets
from tfmmrec.evaluation.queries import Queries
from tfmmrec.evaluation.ranking import MEMORY
from tfmmrec.models import Recommender, tower_of

_QUERIES = 512  # at once at most: more do not make it faster


def user_states(
    model: Recommender,
    queries: Queries,
    vectors: np.ndarray,
    batch: int | None = None,
    memory: int = MEMORY,
) -> np.ndarray:
    """What the model knows of the user of each query: float32 ``[Q, D]``, zeros where there are no users.

    Queries are read by the length of their histories, in rows of a few lengths, so that the tower is compiled
    for a few shapes and most of what it computes is no padding.

    Args:
        model: the model.
        queries: whose.
        vectors: of all items, float32 ``[N, D]``.
        batch: queries at once; by default as many as `memory` holds of the length at hand.
        memory: bytes of activations, as the encoder of histories reckons them (`HistoryEncoder.numbers`).
    """
    states = np.zeros((len(queries), model.width), "float32")
    if model.user_tower is None:
        return states
    names, ask = set(model.user_tower.input), tower_of(model, "user")
    for length, numbers in _by_length(queries.histories.sizes, model.schema.history.length, batch or 64):
        fewest = 1 << (len(numbers) - 1).bit_length()  # a power of two: other splits have nearly as many
        size = batch or min(_at_once(model, length, memory), fewest, _QUERIES)
        for start in range(0, len(numbers), size):
            chunk = numbers[start : start + size]
            padded = np.concatenate([chunk, np.repeat(chunk[-1:], size - len(chunk))])  # one shape
            histories = [queries.histories[query] for query in padded]
            inputs = history_inputs(queries.data, queries.users[padded], histories, length)
            inputs["history.vector"] = vectors[np.maximum(inputs["history.item"], 0)]
            known = np.asarray(ask({n: inputs[n] for n in names}), "float32")
            place = (inputs["history.item"] >= 0).sum(axis=1) if model.schema.ordered else 0
            states[chunk] = known[np.arange(size), place][: len(chunk)]
    return states


def _by_length(sizes: np.ndarray, longest: int, few: int) -> Iterator[tuple[int, np.ndarray]]:
    """Lengths of rows, and the numbers of the queries that are read in them.

    A length that only a few queries have is not worth a shape of its own: they go with the next longer ones.
    """
    needed = np.minimum(sizes, longest)
    order = np.argsort(needed, kind="stable")
    lengths = np.unique(np.minimum(length_buckets(longest), max(1, needed.max(initial=0))))
    ends = np.searchsorted(needed[order], lengths, side="right")
    start = 0
    for length, end in zip(lengths.tolist(), ends.tolist(), strict=True):
        if end - start >= few or (end == len(sizes) and end > start):
            yield length, order[start:end]
            start = end


def _at_once(model: Recommender, length: int, memory: int) -> int:
    """Queries whose activations `memory` holds, at least one."""
    tower: Any = model.user_tower
    return max(1, memory // (4 * tower.get_layer("history").numbers(length + 1)))
