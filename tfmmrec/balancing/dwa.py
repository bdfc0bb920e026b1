"""More weight for what was learnt slowest in the last epochs."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfmmrec.balancing.balancing import Balancing


class DWA(Balancing):
    """Dynamic weight average: ``λ = K · softmax(r / temperature)`` (Liu, 2019).

    r_k is the task's mean loss in the last epoch, divided by that of the epoch before; 1 until there are two.

    Args:
        names, steps: see `Balancing`.
        temperature: small, and the slowest task gets nearly all; large, and all count the same.
    """

    def __init__(self, names: list[str], steps: int = 1, temperature: float = 2.0) -> None:
        super().__init__(names, steps)
        if not temperature > 0:
            raise ValueError(f"DWA: temperature must be above 0, got {temperature}.")
        self.temperature = temperature
        self.step = self.state(0, "step", "int32")
        self.total, self.count = self.each(0.0, "total"), self.each(0.0, "count")
        self.last, self.before = self.each(0.0, "last"), self.each(0.0, "before")

    def weigh(self, losses: Any, products: Any) -> Any:
        last, before = 1.0 * self.last, 1.0 * self.before
        known = ops.logical_and(last > 0, before > 0)
        rate = ops.where(known, last / ops.where(known, before, 1.0), 1.0)
        weights = len(self.names) * ops.softmax(rate / self.temperature)
        step, total = self.step + 1, self.total + losses
        count = self.count + ops.cast(losses > 0, "float32")
        ends = step % self.steps == 0
        self.before.assign(ops.where(ends, last, before))
        self.last.assign(ops.where(ends, total / ops.maximum(count, 1.0), last))
        self.total.assign(ops.where(ends, 0.0, total))
        self.count.assign(ops.where(ends, 0.0, count))
        self.step.assign(step)
        return weights
