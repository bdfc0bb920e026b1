"""Weights that bring the tasks' gradients to like lengths."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfmmrec.balancing.balancing import Balancing


class GradNorm(Balancing):
    """Gradient normalisation (Chen, 2018): weights w follow ``Σ_k |w_k n_k − target_k|`` downhill.

    n_k is the length of the gradient of L_k over the shared variables, and ``target_k = mean(w n) · r_k^α``,
    where r_k is how far L_k has fallen from the first loss there was, beside the mean of all tasks: a task
    that is behind gets a longer gradient. The weights always sum to the number of tasks. Since w_k n_k is
    brought to the target, the tasks' own weights matter at the beginning alone.

    Args:
        names, steps: see `Balancing`.
        asymmetry: α; 0 gives all tasks gradients of the same length.
        rate: of learning w. Lengths are divided by their mean in its gradient, in the place of the paper's
            Adam, which makes the scale of losses cancel.
    """

    by_gradients = True

    def __init__(self, names: list[str], steps: int = 1, asymmetry: float = 1.5, rate: float = 0.025) -> None:
        super().__init__(names, steps)
        if not rate > 0:
            raise ValueError(f"GradNorm: rate must be above 0, got {rate}.")
        self.asymmetry, self.rate = asymmetry, rate
        self.first, self.weights = self.each(0.0, "first"), self.each(1.0, "weights")

    def weigh(self, losses: Any, products: Any) -> Any:
        weights, first = 1.0 * self.weights, 1.0 * self.first  # values, whatever is assigned later
        length = ops.sqrt(ops.diagonal(products))
        # what overflows in half precision changes no weight: the optimizer skips such a step, too
        known = ops.logical_and(ops.isfinite(losses), ops.isfinite(length))
        here = ops.logical_and(known, ops.logical_and(losses > 0, length > 0))
        first = ops.where(ops.logical_and(here, first == 0), losses, first)
        self.first.assign(first)
        fallen = ops.where(here, losses / ops.where(here, first, 1.0), 0.0)
        behind = ops.where(here, fallen / ops.maximum(_mean(fallen, here), 1e-12), 1.0)
        target = _mean(weights * length, here) * ops.power(behind, self.asymmetry)
        uphill = ops.sign(weights * length - target) * length / ops.maximum(_mean(length, here), 1e-12)
        learned = ops.maximum(weights - self.rate * ops.where(here, uphill, 0.0), 1e-3)
        self.weights.assign(learned * (len(self.names) / ops.sum(learned)))
        return weights


def _mean(values: Any, here: Any) -> Any:
    """Over the tasks that are in the batch."""
    count = ops.sum(ops.cast(here, "float32"))
    return ops.sum(ops.where(here, values, 0.0)) / ops.maximum(count, 1.0)
