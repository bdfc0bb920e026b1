"""Several dense layers side by side, in one product."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def rowwise(equation: str, x: Any, weight: Any) -> Any:
    """``einsum(equation, x, weight)``, where ``n`` stands for all the leading dimensions of `x`.

    With an ellipsis instead, TensorFlow's gradient of the weight holds the product of every row before it
    adds them up, which takes a hundred times as long.
    """
    own = len(equation.partition(",")[0]) - 1
    lead, last = ops.shape(x)[:-own], x.shape[-own:]
    y = ops.einsum(equation, ops.reshape(x, (-1, *last)), weight)
    return ops.reshape(y, (*lead, *y.shape[1:]))


@keras.saving.register_keras_serializable("tfmmrec")
class ParallelDense(keras.layers.Layer):
    """`count` dense layers of one size: ``[..., F] → [..., count, units]``, or each its own input.

    Args:
        count: how many.
        units: of each.
        activation: of each; none by default. ``"softmax"`` is over the units of each.
        own: each reads its own row of an input ``[..., count, F]``; else all read the same ``[..., F]``.
    """

    def __init__(
        self, count: int, units: int, activation: Any = None, own: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.count, self.units, self.own = count, units, own
        self.activation = keras.activations.get(activation)

    def build(self, shape: tuple[int | None, ...]) -> None:
        # the initial spread of each layer alone: Glorot's of the stack would be `count` times as narrow
        spread = keras.initializers.VarianceScaling(self.count, "fan_avg", "uniform")
        kernel = (self.count, shape[-1], self.units)
        self.kernel = self.add_weight(shape=kernel, initializer=spread, name="kernel")
        self.bias = self.add_weight(shape=(self.count, self.units), initializer="zeros", name="bias")

    def call(self, x: Any) -> Any:
        equation = "nef,efu->neu" if self.own else "nf,efu->neu"
        return self.activation(rowwise(equation, x, self.kernel) + self.bias)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*(shape[:-2] if self.own else shape[:-1]), self.count, self.units)

    def get_config(self) -> dict[str, Any]:
        activation = keras.activations.serialize(self.activation)
        mine = {"count": self.count, "units": self.units, "activation": activation, "own": self.own}
        return {**super().get_config(), **mine}
