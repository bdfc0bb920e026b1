"""Weights by the noise of each task, which is learned."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfmmrec.balancing.balancing import Balancing


class Uncertainty(Balancing):
    """``Σ_k exp(−s_k) L_k + s_k / 2``, with learned log-variances s (Kendall, 2018).

    The s_k begin at 0 and follow their gradient, ``½ − exp(−s_k) L_k``, in steps of `rate`; they come to rest
    where ``exp(−s_k) = 1 / 2 L_k``. So in the end every loss counts alike, whatever its scale: the tasks' own
    weights matter at the beginning alone.

    Args:
        names, steps: see `Balancing`.
        rate: of learning the log-variances. A step is `rate` at most.
    """

    def __init__(self, names: list[str], steps: int = 1, rate: float = 0.01) -> None:
        super().__init__(names, steps)
        if not rate > 0:
            raise ValueError(f"Uncertainty: rate must be above 0, got {rate}.")
        self.rate = rate
        self.log_variance = self.each(0.0, "log_variance")

    def weigh(self, losses: Any, products: Any) -> Any:
        weights = ops.exp(-1.0 * self.log_variance)
        uphill = ops.where(losses > 0, ops.minimum(weights * losses - 0.5, 1.0), 0.0)
        self.log_variance.assign(self.log_variance + self.rate * uphill)
        return weights
