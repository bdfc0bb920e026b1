"""What every index must bring: the catalogue's vectors, searched inside an export."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from tfmmrec.data.features import Progress

Passes = Callable[[Any, Any], Any]
"""Which items a query may find: int32 ``[Q, P]``, rows of the catalogue that exist, and int32 ``[Q]``, the
queries' places in the batch → bool ``[Q, P]``; of core TensorFlow ops."""


class Index(ABC):
    """Abstract. The vectors of a catalogue, arranged so that the best of them are found for a query.

    It is built once, at export, and becomes a part of the SavedModel: `search` uses core TensorFlow ops
    alone, runs eagerly and inside a ``tf.function``, and lists in `resources` what has to be kept with it.
    A new index is a subclass in a file of its own, exported by this package, and chosen by its name.

    Args:
        vectors: float32 ``[N, D]``, an array, or a ``tf.Variable`` that is shared instead of copied. Row r
            is the item in row r of the catalogue.
        queries: float32 ``[Q, D]``, such as will be asked; what there is to tune is tuned by them.
        progress: is told how far building it is.

    Attributes:
        resources: the variables and tables an export keeps.
        tuned: whether it makes use of queries.
        measured: what an export says of the index, as plain values: how it was tuned, and what it reached.
    """

    tuned: ClassVar[bool] = False
    resources: list[Any]
    measured: dict[str, Any]

    @abstractmethod
    def __init__(
        self, vectors: Any, queries: np.ndarray | None = None, progress: Progress | None = None
    ) -> None: ...

    @abstractmethod
    def search(
        self, queries: Any, k: Any, excluded: Any, cosine: bool = False, passes: Passes | None = None
    ) -> tuple[Any, Any]:
        """The best items of each query, best first; of equal scores the lower row comes first.

        Items that must not be found take no places: there are k results where the catalogue has k others.

        Args:
            queries: float32 ``[B, D]``.
            k: int32 ``[B]``, how many are wanted; below 0 is 0, and more than there are is fine.
            excluded: int32 ``[B, ?]``, rows that must not be found; −1 is padding.
            cosine: scores are cosines (a vector of zeros has the cosine 0) instead of dot products.
            passes: which items may be found; None is all of them.

        Returns:
            rows int32 ``[B, max(k)]``, −1 where there is none, and scores float32 ``[B, max(k)]``, NaN where
            there is none.
        """


def rows_of(variable: Any, rows: Any) -> Any:
    """``variable[rows]``, of a ``tf.Variable`` that is also read as a whole.

    ``tf.gather`` of the variable itself would be TensorFlow's word that it is updated by rows: from then on
    every reading of the whole is a copy, of all vectors for each request.
    """
    import tensorflow as tf

    return tf.gather(tf.convert_to_tensor(variable), rows)


def as_variable(array: Any, name: str) -> Any:
    """Float32 numbers as a ``tf.Variable`` that is not trained; what is a variable stays the same."""
    import tensorflow as tf

    if isinstance(array, tf.Variable):
        return array
    return tf.Variable(np.asarray(array, "float32"), trainable=False, name=name)
