"""The direction in which every task's loss falls."""

from __future__ import annotations

from typing import Any

from keras import ops

from tfmmrec.balancing.balancing import Balancing


class MGDA(Balancing):
    """Multiple-gradient descent: the shortest convex combination of the gradients (Sener & Koltun, 2018).

    ``min ‖Σ_k α_k g_k‖²`` over the shared variables, with ``α ≥ 0, Σ α = 1``: no other direction lets the
    loss that falls least fall more. Found by Frank and Wolfe's method with exact steps, which for two tasks
    is exact. Gradients count by their length, so a task's own weight counts against it.

    Args:
        names, steps: see `Balancing`.
        iterations: of the search.
    """

    by_gradients = True
    shared_alone = True

    def __init__(self, names: list[str], steps: int = 1, iterations: int = 25) -> None:
        super().__init__(names, steps)
        if iterations < 1:
            raise ValueError(f"MGDA: iterations must be 1 or more, got {iterations}.")
        self.iterations = iterations

    def weigh(self, losses: Any, products: Any) -> Any:
        here = ops.cast(ops.diagonal(products) > 0, "float32")  # the others would be the shortest: nothing
        scaled = products / ops.maximum(ops.max(products), 1e-30)

        def one_step(_: Any, alpha: Any) -> Any:
            toward = ops.matmul(scaled, ops.expand_dims(alpha, 1))[:, 0]
            best = ops.one_hot(ops.argmin(ops.where(here > 0, toward, 1e30)), len(self.names))
            # ‖(1 − γ) Σ α g + γ g_best‖² is least at this γ
            length, mixed = ops.sum(alpha * toward), ops.sum(best * toward)
            alone = ops.sum(best * ops.diagonal(scaled))
            move = (length - mixed) / ops.maximum(length - 2 * mixed + alone, 1e-12)
            move = ops.clip(move, 0.0, 1.0)
            return (1 - move) * alpha + move * best

        start = here / ops.maximum(ops.sum(here), 1.0)
        return ops.fori_loop(0, self.iterations, one_step, start)
