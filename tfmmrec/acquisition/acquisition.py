"""What makes an item worth a label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pool:
    """The items that may be labelled.

    Attributes:
        probabilities: float ``[N, C]``, what the model expects of each.
        vectors: float ``[N, D]``, what it makes of them.
        labelled: float ``[M, D]``, the vectors of items that have a label.
    """

    probabilities: np.ndarray
    vectors: np.ndarray
    labelled: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)


class Acquisition:
    """Abstract: a pool → its items in the order in which their labels would teach most.

    A subclass implements `order`.
    """

    def order(self, pool: Pool, k: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The first `k` items.

        Args:
            pool: of k items or more.
            k: how many.
            generator: of chance, where there is some.

        Returns:
            int ``[k]`` places in the pool, each once, best first; float ``[k]`` why.
        """
        raise NotImplementedError
