"""Freezing schedules: parts of a model that stand still for the first epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import keras

from tfmmrec.models import Recommender
from tfmmrec.training.parts import check_parts


class Freezing(keras.callbacks.Callback):
    """Thaws parts of a model epoch by epoch (gradual unfreezing, Howard & Ruder 2018).

    A frozen part has no gradient, no moments and no weight decay: its weights stay bit for bit. It is
    computed like the others, so an epoch takes as long; what is never to learn has a ``trainable=False``.

    Args:
        epochs: by part, for how many epochs from the first on it is frozen.
        paces: a variable for each part: 0 freezes it, 1 does not; see `RowAdamW`.
    """

    def __init__(self, epochs: Mapping[str, int], paces: Sequence[Any]) -> None:
        super().__init__()
        self.epochs, self.paces = dict(epochs), list(paces)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.model.sync()  # a function of the epoch alone, so an interrupted training goes on with the same
        for count, pace in zip(self.epochs.values(), self.paces, strict=True):
            pace.assign(0.0 if epoch < count else 1.0)


def check_freeze(
    model: Recommender, freeze: Mapping[str, int], optimizer: keras.optimizers.Optimizer | None
) -> None:
    """Checks a freezing schedule.

    Args:
        model: what is trained.
        freeze: by part, epochs.
        optimizer: somebody's own; None: `RowAdamW` by its paces.

    Raises:
        ValueError: the model has no such part, a number of epochs is none, or the optimizer has no paces.
    """
    check_parts(model, freeze, "freeze")
    for name, epochs in freeze.items():
        if isinstance(epochs, bool) or not isinstance(epochs, Integral) or int(epochs) < 0:
            raise ValueError(f"freeze: {name!r} is frozen for a whole number of epochs, got {epochs!r}.")
    if freeze and optimizer is not None:
        raise ValueError(
            f"freeze is kept by the optimizer that fit makes, and {type(optimizer).__name__} would go on "
            "moving what is frozen; leave optimizer out, or give layers trainable=False."
        )
