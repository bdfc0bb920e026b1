"""String → number tables of core TensorFlow ops, for preprocessing that also runs inside an export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any


def terms_by_count(values: Iterable[str], limit: int | None = None, min_count: int = 1) -> list[str]:
    """Distinct non-empty values, most frequent first; ties in alphabetical order, so that it is pinned."""
    counts = Counter(value for value in values if value)
    ordered = sorted((t for t, c in counts.items() if c >= min_count), key=lambda t: (-counts[t], t))
    return ordered[:limit]


def lookup(
    terms: Sequence[str], first: int = 1, unknown: int = 0, numbers: Sequence[int] | None = None
) -> tuple[Callable[[Any], Any], Any]:
    """A function from a string tensor to int32 ids, and the table it must keep alive.

    ``""`` → 0, ``terms[i]`` → ``first + i`` (``numbers[i]`` where these are given), else → `unknown`.
    """
    import tensorflow as tf

    keys = tf.constant(["", *terms], tf.string)
    numbers = range(first, first + len(terms)) if numbers is None else numbers
    ids = tf.constant([0, *numbers], tf.int32)
    # saved models restore a table by its name: every table needs its own
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, ids), unknown)
    return table.lookup, table


def as_text(value: Any) -> str:
    """A raw string that may have come back from TensorFlow as bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
