"""What happens between steps and epochs: refreshing cached vectors, validating, keeping the best weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import Features, Split
from tfmmrec.evaluation import evaluate
from tfmmrec.metrics.direction import lower_is_better
from tfmmrec.training.average import averaged
from tfmmrec.training.checkpoint import Checkpoint
from tfmmrec.training.monitor import check_finite, check_monitor
from tfmmrec.training.not_finite import first_not_finite


def tensorboard(folder: Path) -> keras.callbacks.Callback:
    """Writes losses and validation metrics of every epoch for TensorBoard.

    Raises:
        ImportError: the extra ``board`` is not installed.
    """
    if find_spec("tensorboard") is None:
        raise ImportError(
            'TensorBoard is not installed: pip install "tfmmrec[board]", or train without --tensorboard; the '
            "run's curves.json and plots/ hold the same."
        )
    return keras.callbacks.TensorBoard(folder, write_graph=False)


class Feeding(keras.callbacks.Callback):
    """Tells the batches which epoch begins, as their plan is a function of it, and times the wait for them.

    The logs of an epoch get ``waiting``: the share of its steps' time, in [0, 1], in which the model waited
    for input: for the plan of the epoch, and for each batch. Of an epoch that was interrupted, it is that of
    the rest. What follows the steps, such as validation, does not count: it stands before those callbacks.
    """

    def __init__(self, batches: Batches) -> None:
        super().__init__()
        self.batches = batches
        self.began, self.seconds = time.perf_counter(), 0.0

    def waited(self, seconds: float) -> None:
        """For `feed`, to say how long a batch was waited for."""
        self.seconds += float(seconds)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()
        self.batches.epoch = epoch
        self.seconds = time.perf_counter() - self.began

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if logs is not None:
            logs["waiting"] = self.seconds / (time.perf_counter() - self.began)


class RefreshContent(keras.callbacks.Callback):
    """Encodes the cached content vectors anew at the start and every `steps` steps."""

    def __init__(self, items: Features, steps: int) -> None:
        super().__init__()
        self.items, self.steps, self.seen = items, steps, 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        if self.seen % self.steps == 0:
            self.model.refresh(self.items)
        self.seen += 1

    def state(self) -> dict[str, Any]:
        return {"seen": self.seen}

    def restore(self, state: dict[str, Any]) -> None:
        self.seen = state["seen"]


class Validation(keras.callbacks.Callback):
    """Evaluates after each epoch, keeps the best weights, stops when nothing gets better.

    Args:
        split: what to evaluate on.
        monitor: the metric that decides.
        patience: epochs without a better value before training stops.
        k: cut-offs of the ranking metrics.
        checkpoint: where the best weights are kept too, so that they outlive the process.

    Raises:
        ValueError: at the end of an epoch, there is no such metric, or it is no finite number.
    """

    def __init__(
        self,
        split: Split,
        monitor: str,
        patience: int,
        k: tuple[int, ...],
        checkpoint: Checkpoint | None = None,
    ) -> None:
        super().__init__()
        self.split, self.monitor, self.patience, self.k = split, monitor, patience, k
        self.checkpoint = checkpoint
        self.sign = -1.0 if lower_is_better(monitor) else 1.0
        self.best, self.best_epoch = -math.inf, -1
        self.best_weights: list[np.ndarray] | None = None

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self.checkpoint is not None:  # the state that was written since knows the best one
            self.checkpoint.forget_bests(self.best_epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        with averaged(self.model):
            self._validate(epoch, logs)

    def _validate(self, epoch: int, logs: dict[str, Any] | None) -> None:
        metrics = evaluate(self.model, self.split, self.k).metrics
        check_monitor(self.monitor, metrics)
        check_finite(self.monitor, metrics, epoch + 1)
        if logs is not None:
            logs.update({f"validation {name}": value for name, value in metrics.items()})
        value = self.sign * metrics[self.monitor]
        if value > self.best:
            self.best, self.best_epoch = value, epoch
            self.best_weights = [np.array(weight) for weight in self.model.get_weights()]
            if self.checkpoint is not None:
                self.checkpoint.save_best(self.best_weights, epoch)
        elif epoch - self.best_epoch >= self.patience:
            self.model.stop_training = True

    def give_best(self, model: keras.Model) -> None:
        """Gives the model the weights of its best epoch."""
        if self.best_weights is not None:
            model.set_weights(self.best_weights)

    def state(self) -> dict[str, Any]:
        return {"best": self.best if self.best_epoch >= 0 else None, "best_epoch": self.best_epoch}

    def restore(self, state: dict[str, Any]) -> None:
        if self.checkpoint is not None and state["best"] is not None:
            self.best, self.best_epoch = state["best"], state["best_epoch"]
            self.best_weights = self.checkpoint.best(self.best_epoch)


class StopOnNaN(keras.callbacks.Callback):
    """Ends training with an error at the first step whose loss is no finite number, and says where from.

    Args:
        batches: what is trained on: the step's batch is looked at again.
        checkpoint: the last good state, which is looked for the cause with; without it the weights are
            those after the bad step.
    """

    def __init__(self, batches: Batches, checkpoint: Checkpoint | None = None) -> None:
        super().__init__()
        self.batches, self.checkpoint = batches, checkpoint
        self.epoch, self.first = 0, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {}).get("loss", 0.0))
        if math.isfinite(loss):
            return
        kept = ""
        if self.checkpoint is not None and (note := self.checkpoint.note()) is not None:
            self.checkpoint.restore(self.model, kinds=("model",))
            at = f"epoch {note['epoch']}" + (f", step {note['step']}" if note["step"] else "")
            kept = f" The state after {at} is kept in {str(self.checkpoint.folder)!r}."
        step = self.first + batch
        cause = first_not_finite(self.model, self.batches[step][0])
        raise ValueError(
            f"The training loss is {loss} at step {step + 1} of epoch {self.epoch + 1}: {cause}. Lower "
            f"learning_rate, or look for extreme values in Number and Vector columns.{kept}"
        )

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.first = 0


class Curves(keras.callbacks.Callback):
    """Collects every epoch's losses and metrics, and reports them.

    Args:
        report: called with the epoch's record.
    """

    def __init__(self, report: Callable[[dict[str, float]], None] | None = None) -> None:
        super().__init__()
        self.report = report
        self.records: list[dict[str, float]] = []
        self.before, self.started = 0.0, time.monotonic()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        record = {"epoch": epoch + 1, "seconds": self._seconds()}
        self.before, self.started = 0.0, time.monotonic()
        record |= {name: float(value) for name, value in (logs or {}).items()}
        self.records.append(record)
        if self.report:
            self.report(record)

    def state(self) -> dict[str, Any]:
        return {"records": self.records, "seconds": self._seconds()}

    def restore(self, state: dict[str, Any]) -> None:
        self.records, self.before = list(state["records"]), state["seconds"]

    def _seconds(self) -> float:
        """Of this epoch, those before an interruption counted."""
        return self.before + time.monotonic() - self.started


class StepProgress(keras.callbacks.Callback):
    """Reports steps done within an epoch: ``report(epoch, step, steps, loss)``.

    Attributes:
        first: the step the next epoch begins with, where it is the rest of an interrupted one.
    """

    def __init__(self, batches: Batches, report: Callable[[int, int, int, float], None]) -> None:
        super().__init__()
        self.batches, self.report, self.epoch, self.first = batches, report, 0, 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch, self.steps = epoch, len(self.batches)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = float((logs or {}).get("loss", math.nan))
        self.report(self.epoch + 1, self.first + batch + 1, self.steps, loss)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.first = 0
