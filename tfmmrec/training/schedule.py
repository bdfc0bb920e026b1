"""The learning rate over the steps of a training: a warm-up, then a curve."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

SHAPES = ("cosine", "linear", "constant")


@keras.saving.register_keras_serializable("tfmmrec")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A linear warm-up, then half a cosine to 0 (Loshchilov and Hutter, 2017), a line to 0, or no change.

    Args:
        peak: the highest learning rate.
        steps: updates in all.
        shape: ``"cosine"``, ``"linear"`` or ``"constant"``.
        warm_up: updates until the peak; by default a twentieth of `steps`, at most 1,000, so none where there
            are fewer than 20.
        accumulate: batches whose gradients make one update: Keras asks with the number of the batch.

    Raises:
        ValueError: there is no such shape.
    """

    def __init__(
        self,
        peak: float,
        steps: int,
        shape: str = "cosine",
        warm_up: int | None = None,
        accumulate: int = 1,
    ) -> None:
        super().__init__()
        if shape not in SHAPES:
            raise ValueError(f"The learning rate's schedule is {', '.join(SHAPES)}; got {shape!r}.")
        self.peak, self.steps, self.shape, self.accumulate = peak, steps, shape, accumulate
        # the first update of a warm-up has rate 0, which a short training cannot spare
        self.warm_up = min(steps // 20, 1000) if warm_up is None else warm_up

    def __call__(self, step: Any) -> Any:
        step = ops.floor(ops.cast(step, "float32") / self.accumulate)
        rising = step / max(1, self.warm_up)
        done = ops.clip((step - self.warm_up) / max(1, self.steps - self.warm_up), 0.0, 1.0)
        if self.shape == "cosine":
            after = 0.5 * (1.0 + ops.cos(math.pi * done))
        else:
            after = 1.0 - done if self.shape == "linear" else ops.ones_like(done)
        return self.peak * ops.where(step < self.warm_up, rising, after)

    def get_config(self) -> dict[str, Any]:
        return {
            "peak": self.peak,
            "steps": self.steps,
            "shape": self.shape,
            "warm_up": self.warm_up,
            "accumulate": self.accumulate,
        }
