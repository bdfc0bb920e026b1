"""More weight for what is learnt least so far."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfmmrec.balancing.balancing import Balancing


class AttentionWeighted(Balancing):
    """``Σ_k α_k L_k`` with ``α = K · softmax(r / temperature)`` over the tasks.

    The r_k are not learned: each is the running mean of the task's loss, divided by the first loss there
    was. So the task whose loss has fallen least gets the most attention. (Learned logits would descend
    towards the smallest loss, and forget the others.)

    Args:
        names, steps: see `Balancing`.
        temperature: small, and one task gets nearly all; large, and all count the same.
        momentum: of the running means.
    """

    def __init__(
        self, names: list[str], steps: int = 1, temperature: float = 1.0, momentum: float = 0.99
    ) -> None:
        super().__init__(names, steps)
        if not temperature > 0:
            raise ValueError(f"AttentionWeighted: temperature must be above 0, got {temperature}.")
        if not 0 <= momentum < 1:
            raise ValueError(f"AttentionWeighted: momentum must be in [0, 1), got {momentum}.")
        self.temperature, self.momentum = temperature, momentum
        self.first, self.running = self.each(0.0, "first"), self.each(0.0, "running")

    def weigh(self, losses: Any, products: Any) -> Any:
        first, running = 1.0 * self.first, 1.0 * self.running
        new = ops.logical_and(first == 0, losses > 0)
        moved = self.momentum * running + (1 - self.momentum) * losses
        running = ops.where(new, losses, ops.where(losses > 0, moved, running))
        first = ops.where(new, losses, first)
        self.first.assign(first)
        self.running.assign(running)
        fallen = ops.where(first > 0, running / ops.where(first > 0, first, 1.0), 1.0)
        return len(self.names) * ops.softmax(fallen / self.temperature)
