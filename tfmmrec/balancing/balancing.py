"""How the losses of several tasks make one update."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.models import Gradients


class Balancing:
    """Abstract: a gradient hook; a member says in `weigh` how much each task's loss counts in this step.

    Losses come with the tasks' own weights. What layers add (alignment, regularisation) always counts as it
    is. A task without a label in a batch has a loss of 0, and is left out of what is learnt from the step.

    Args:
        names: the tasks.
        steps: of an epoch.

    Attributes:
        variables: state, which checkpoints hold; see `state`.
        by_gradients: `weigh` asks for the products of the tasks' gradients, which takes a backward pass for
            each task; else one pass does.
        shared_alone: the weights are for variables that several tasks have a gradient of; a task's own head
            learns from its loss as it is.
    """

    by_gradients: ClassVar[bool] = False
    shared_alone: ClassVar[bool] = False

    def __init__(self, names: list[str], steps: int = 1) -> None:
        self.names, self.steps = list(names), steps
        self.variables: list[keras.Variable] = []

    def weigh(self, losses: Any, products: Any) -> Any:
        """Weights float32 ``[K]``.

        Args:
            losses: float32 ``[K]``, of the tasks in the order of `names`.
            products: float32 ``[K, K]``, inner products of their gradients over shared variables; None where
                the member is not `by_gradients`.
        """
        raise NotImplementedError

    def state(self, value: Any, name: str, dtype: str = "float32") -> keras.Variable:
        """A new variable that is kept from step to step."""
        self.variables.append(keras.Variable(value, dtype=dtype, trainable=False, name=name))
        return self.variables[-1]

    def each(self, value: float, name: str) -> keras.Variable:
        """A new variable with a value for each task."""
        return self.state([value] * len(self.names), name)

    def __call__(self, gradients: Gradients) -> list[Any]:
        losses = ops.stack([ops.cast(gradients.losses[name], "float32") for name in self.names])
        if not self.by_gradients:
            weights = ops.unstack(self.weigh(losses, None), len(self.names))
            return gradients.of(dict(zip(self.names, weights, strict=True)))
        by_loss = gradients.each()
        others = [of_loss for name, of_loss in by_loss.items() if name not in self.names]
        stacked = [  # [K, n] of each variable
            ops.stack([ops.reshape(ops.cast(one, "float32"), (-1,)) for one in of_variable])
            for of_variable in zip(*(by_loss[name] for name in self.names), strict=True)
        ]
        products = [ops.matmul(one, ops.transpose(one)) for one in stacked]
        shared = [ops.sum(ops.cast(ops.diagonal(one) > 0, "int32")) > 1 for one in products]
        weights = self.weigh(
            losses, sum(ops.where(here, one, 0.0) for one, here in zip(products, shared, strict=True))
        )
        update = []
        for at, variable in enumerate(gradients.variables):
            weight = ops.where(shared[at], weights, 1.0) if self.shared_alone else weights
            summed = ops.reshape(
                ops.sum(ops.expand_dims(weight, 1) * stacked[at], axis=0), ops.shape(variable)
            )
            update.append(ops.cast(summed, variable.dtype) + sum(of_loss[at] for of_loss in others))
        return update
