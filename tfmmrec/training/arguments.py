"""What `fit` is asked for, checked before anything is trained."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import keras

_OWN = {
    "schedule": ("cosine", "a schedule of keras.optimizers.schedules as learning_rate"),
    "accumulate": (1, "gradient_accumulation_steps"),
    "ema": (None, "use_ema=True and ema_momentum"),
}
"""Arguments of `fit` for the optimizer that it makes: the default, and what says the same to another one."""


def check_own(optimizer: keras.optimizers.Optimizer, **asked: Any) -> None:
    """Checks that nothing is asked for that an optimizer of the user's own has to be told itself.

    Raises:
        ValueError: something is; the message says how the optimizer is told.
    """
    for name, value in asked.items():
        default, told = _OWN[name]
        if value != default:
            raise ValueError(
                f"{name}={value!r} is for the optimizer that fit makes, and {type(optimizer).__name__} would "
                f"not hear of it: give the optimizer {told} instead, and leave out {name}."
            )


def check_counts(**counts: Any) -> None:
    """Checks that these are whole numbers from 1.

    Raises:
        ValueError: one is none.
    """
    for name, count in counts.items():
        if not isinstance(count, Integral) or count < 1:
            raise ValueError(f"{name} is a whole number of 1 or more, got {count!r}.")
