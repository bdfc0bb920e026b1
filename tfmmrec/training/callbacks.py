"""What happens between steps and epochs: refreshing cached vectors, validating, keeping the best weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import Features, Split
from tfmmrec.evaluation import evaluate

LOWER_IS_BETTER = ("rmse", "mae", "log_loss", "loss")


class SetEpoch(keras.callbacks.Callback):
    """Tells the batches which epoch begins: their plan is a function of it."""

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.batches.epoch = epoch


class RefreshContent(keras.callbacks.Callback):
    """Encodes the cached content vectors anew at the start and every `steps` steps."""

    def __init__(self, items: Features, steps: int) -> None:
        super().__init__()
        self.items, self.steps, self.seen = items, steps, 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.seen % self.steps == 0:
            self.model.refresh(self.items)
        self.seen += 1


class Validation(keras.callbacks.Callback):
    """Evaluates after each epoch, keeps the best weights, stops when nothing gets better.

    Args:
        split: what to evaluate on.
        monitor: the metric that decides.
        patience: epochs without a better value before training stops.
        k: cut-offs of the ranking metrics.
    """

    def __init__(self, split: Split, monitor: str, patience: int, k: tuple[int, ...]) -> None:
        super().__init__()
        self.split, self.monitor, self.patience, self.k = split, monitor, patience, k
        self.sign = -1.0 if monitor.rsplit(".", 1)[-1] in LOWER_IS_BETTER else 1.0
        self.best, self.best_epoch = -math.inf, -1
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        metrics = evaluate(self.model, self.split, self.k).metrics
        if self.monitor not in metrics:
            raise ValueError(
                f"There is no validation metric {self.monitor!r} to monitor; there are {sorted(metrics)}."
            )
        if logs is not None:
            logs.update({f"validation {name}": value for name, value in metrics.items()})
        value = self.sign * metrics[self.monitor]
        if value > self.best:
            self.best, self.best_epoch = value, epoch
            self.best_weights = [np.array(weight) for weight in self.model.get_weights()]
        elif epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)


class StopOnNaN(keras.callbacks.Callback):
    """Ends training with an error at the first loss that is no finite number."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if not math.isfinite(loss):
            raise ValueError(
                f"The training loss is {loss} after epoch {epoch + 1}: lower learning_rate, or look for "
                "extreme values in Number and Vector columns."
            )


class Curves(keras.callbacks.Callback):
    """Collects every epoch's losses and metrics, and reports them.

    Args:
        report: called with the epoch's record.
    """

    def __init__(self, report: Callable[[dict[str, float]], None] | None = None) -> None:
        super().__init__()
        self.report = report
        self.records: list[dict[str, float]] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        record = {"epoch": epoch + 1, "seconds": time.monotonic() - self.started}
        record |= {name: float(value) for name, value in (logs or {}).items()}
        self.records.append(record)
        if self.report:
            self.report(record)


class StepProgress(keras.callbacks.Callback):
    """Reports steps done within an epoch: ``report(epoch, step, steps, loss)``."""

    def __init__(self, batches: Batches, report: Callable[[int, int, int, float], None]) -> None:
        super().__init__()
        self.batches, self.report, self.epoch = batches, report, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch, self.steps = epoch, len(self.batches)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        self.report(self.epoch + 1, batch + 1, self.steps, float((logs or {}).get("loss", math.nan)))
