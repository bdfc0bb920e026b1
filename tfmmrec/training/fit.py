"""Training: optimizer, schedule, callbacks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import Features, Split
from tfmmrec.data.feeds import feed
from tfmmrec.models import Recommender
from tfmmrec.training.callbacks import (
    LOWER_IS_BETTER,
    Curves,
    Feeding,
    RefreshContent,
    StepProgress,
    StopOnNaN,
    Validation,
)
from tfmmrec.training.checkpoint import Checkpoint, KeepCheckpoint
from tfmmrec.training.memory import kept_memory
from tfmmrec.training.row_updates import adamw
from tfmmrec.training.run import Run
from tfmmrec.training.schedule import Schedule


def fit(
    model: Recommender,
    train: Split,
    validation: Split | None = None,
    epochs: int = 20,
    batch_events: int | None = None,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    optimizer: keras.optimizers.Optimizer | None = None,
    patience: int = 5,
    monitor: str | None = None,
    k: tuple[int, ...] = (10, 20),
    refresh_every: int = 50,
    negatives: int = 512,
    encode_items: int | None = 512,
    seed: int = 0,
    jit_compile: bool = False,
    deterministic: bool = False,
    schedule: str = "cosine",
    accumulate: int = 1,
    ema: float | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    checkpoint: str | Path | None = None,
    checkpoint_every: float = 120.0,
    run: Run | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    on_step: Callable[[int, int, int, float], None] | None = None,
) -> list[dict[str, float]]:
    """Trains a model; it ends with the weights that were best on validation.

    A step updates every weight, but of tables of ids with more than 100,000 rows only the rows it used
    (`RowAdamW`): of users' always, of items' under a sampled softmax. So its cost does not grow with them.
    With a gradient hook, `accumulate`, `ema` or an `optimizer` of your own every row is updated.

    Args:
        model: from `build_recommender`.
        train: ``data.train``.
        validation: ``data.validation``; without it training runs through all epochs.
        epochs: at most so many passes over the training events.
        batch_events: events per batch, padding included: by default 4096, and 32 without users.
        learning_rate: the peak, after a warm-up over the first twentieth of the steps.
        weight_decay: of AdamW, which is the optimizer unless one is given.
        optimizer: any Keras optimizer instead; then `learning_rate` and `weight_decay` are not used.
        patience: epochs without a better `monitor` before training stops.
        monitor: the validation metric that decides: by default ``ndcg@10``, or the first head's first.
        k: cut-offs of the ranking metrics.
        refresh_every: steps between two refreshes of cached content vectors.
        negatives: items drawn for each batch, for a provider that samples.
        encode_items: at most so many of a batch's items are encoded in a step, drawn at random; the content
            of the others comes from the cache. It bounds the cost of a step; None encodes all. Without
            effect where nothing is cached.
        seed: of the order of batches, the negatives and the dropout.
        jit_compile: compile the step with XLA: quicker steps after a compilation of up to a minute per
            batch shape, worth it for long trainings. The jax backend always compiles unless run eagerly.
        deterministic: the same numbers in every run on the same machine with as many threads, whether in
            one go or interrupted: slower on TensorFlow, which is switched for the whole process.
        schedule: what the learning rate does after the warm-up: ``"cosine"`` to 0, ``"linear"`` to 0, or
            ``"constant"``.
        accumulate: batches whose gradients make one update.
        ema: keep an exponential moving average of the weights with this momentum, such as 0.999: it is what
            is validated, kept and returned (Polyak and Juditsky, 1992).
        callbacks: more of Keras's own or yours, such as ``keras.callbacks.TensorBoard("runs/mine/board")``.
        checkpoint: a folder for the state of the training. Where it holds one already, training goes on
            from there; when training ends it is removed.
        checkpoint_every: seconds between two writes of the state within an epoch; it is written after each
            epoch anyway.
        run: a run folder to keep curves, the best model and the last one in.
        on_epoch: called with each epoch's losses and metrics.
        on_step: called with epoch, step, steps and loss.

    Returns:
        a record of losses and validation metrics per epoch; ``seconds`` is how long the epoch took, and
        ``waiting`` the share of its steps' time in which the model waited for batches.

    Raises:
        ValueError: no training events, an unknown `monitor` or `schedule`, a loss that is no finite number,
            or a `checkpoint` of a training with other settings.
    """
    if not len(train):
        raise ValueError("There are no training events; check the split and the events table.")
    if validation is not None and not len(validation):
        raise ValueError(
            "The validation split is empty: users need three events or more for leave-last-out. Give more "
            "data, another split, or validation=None."
        )
    data = train.data
    batches = Batches(
        data,
        model.schema,
        batch_events=batch_events,
        negatives=negatives if model.item_vectors.sampled and model.schema.retrieval else 0,
        encoded=encode_items if model.item_vectors.cached else None,
        seed=seed,
    )
    settings = {
        "model": model.get_config(),
        "split": data.split_sha256,
        "optimizer": None if optimizer is None else optimizer.get_config(),
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "schedule": schedule,
        "accumulate": accumulate,
        "ema": ema,
        "epochs": epochs,
        "batch_events": batch_events,
        "refresh_every": refresh_every,
        "negatives": negatives,
        "encode_items": encode_items,
        "seed": seed,
        "monitor": monitor,
        "patience": patience,
    }
    keras.utils.set_random_seed(seed)
    if deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    if optimizer is None:
        updates = epochs * len(batches) // accumulate
        rate = Schedule(learning_rate, updates, schedule)
        optimizer = adamw(model, rate, weight_decay, accumulate, ema)
    # its variables are made here and not while the step is traced, which would trace it twice
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer, jit_compile=jit_compile)

    kept = Checkpoint(checkpoint) if checkpoint is not None else None
    parts: dict[str, Any] = {"curves": Curves(on_epoch)}
    feeding, guard = Feeding(batches), StopOnNaN(batches, kept)
    chosen: list[Any] = [feeding, guard]
    if model.item_vectors.cached:
        parts["refresh"] = RefreshContent(data.items, refresh_every)
        chosen.append(parts["refresh"])
    if validation is not None:
        parts["validation"] = Validation(validation, monitor or default_monitor(model), patience, k, kept)
        chosen.append(parts["validation"])
    if on_step:
        chosen.append(StepProgress(batches, on_step))
    chosen += [*callbacks, parts["curves"]]
    epoch = 0
    if kept is not None:
        keeper = KeepCheckpoint(kept, settings, parts, checkpoint_every)
        chosen.append(keeper)
        epoch, first = keeper.resume(model)
        if first and not model.stop_training:  # the rest of an epoch that was interrupted
            for callback in chosen:
                if hasattr(callback, "first"):
                    callback.first = first
            _run(model, feed(batches, first, feeding.waited), epoch, epoch + 1, chosen)
            kept.restore(model)  # Keras ends by making averages of weights the weights
            epoch += 1
    if not model.stop_training:
        _run(model, feed(batches, waited=feeding.waited), epoch, epochs, chosen)
    return _finish(model, data.items, parts, run, kept)


def _finish(
    model: Recommender, items: Features, parts: dict[str, Any], run: Run | None, kept: Checkpoint | None
) -> list[dict[str, float]]:
    """Gives the model its best weights, and writes the run's part."""
    records = parts["curves"].records
    if run is not None:
        model.refresh(items)
        run.save_model(model, "last")
    if "validation" in parts:
        parts["validation"].give_best(model)
    model.refresh(items)
    if run is not None:
        run.write("curves", records)
        run.save_model(model)
    if kept is not None:
        kept.remove()
    return records


def _run(
    model: Recommender, batches: Any, epoch: int, epochs: int, callbacks: list[keras.callbacks.Callback]
) -> None:
    with kept_memory():
        model.fit(batches, initial_epoch=epoch, epochs=epochs, callbacks=callbacks, verbose=0, shuffle=False)


def default_monitor(model: Recommender) -> str:
    """``ndcg@10`` where the catalogue is ranked, else the first head's own measure."""
    if model.schema.retrieval is not None:
        return "ndcg@10"
    task = model.schema.tasks[0]
    return f"{task.name}.{task.main_metric}"


def best_epoch(records: list[dict[str, float]], monitor: str) -> int:
    """The epoch (from 1) whose weights were kept; 0 when there is none."""
    sign = -1.0 if monitor.rsplit(".", 1)[-1] in LOWER_IS_BETTER else 1.0
    key = f"validation {monitor}"
    best, at = -math.inf, 0
    for record in records:
        if key in record and sign * record[key] > best:
            best, at = sign * record[key], int(record["epoch"])
    return at
