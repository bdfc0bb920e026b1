"""Gradients that do not work against each other."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.balancing.balancing import Balancing


class PCGrad(Balancing):
    """Projecting conflicting gradients, "gradient surgery" (Yu, 2020).

    Each task's gradient over the shared variables loses what points against another's: where
    ``g_i · g_j < 0`` it becomes ``g_i − (g_i · g_j / ‖g_j‖²) g_j``, task by task in random order; then they
    are summed. All of it is worked out on the products of the gradients: what comes out is a weight for each.

    Args:
        names, steps: see `Balancing`.
        seed: of the order.
    """

    by_gradients = True
    shared_alone = True

    def __init__(self, names: list[str], steps: int = 1, seed: int = 0) -> None:
        super().__init__(names, steps)
        self.seeds = keras.random.SeedGenerator(seed)
        self.variables.append(self.seeds.state)

    def weigh(self, losses: Any, products: Any) -> Any:
        count = len(self.names)
        order = ops.cast(ops.argsort(keras.random.uniform((count, count), seed=self.seeds), axis=1), "int32")
        mixture = ops.eye(count)  # row i: task i's gradient as a sum of the tasks' gradients
        for turn in range(count):
            other = ops.take(order, turn, axis=1)
            product = ops.sum(mixture * ops.take(products, other, axis=0), axis=1)
            square = ops.take(ops.diagonal(products), other)
            against = ops.logical_and(product < 0, other != ops.arange(count, dtype="int32"))
            share = ops.where(ops.logical_and(against, square > 0), product / ops.maximum(square, 1e-30), 0.0)
            mixture = mixture - ops.expand_dims(share, 1) * ops.one_hot(other, count)
        return ops.sum(mixture, axis=0)
