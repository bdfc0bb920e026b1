"""Training: optimizer, schedule, callbacks."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras

from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import Split
from tfmmrec.data.feeds import feed
from tfmmrec.models import Recommender
from tfmmrec.training.callbacks import (
    LOWER_IS_BETTER,
    Curves,
    RefreshContent,
    SetEpoch,
    StepProgress,
    StopOnNaN,
    Validation,
)
from tfmmrec.training.run import Run


def fit(
    model: Recommender,
    train: Split,
    validation: Split | None = None,
    epochs: int = 20,
    batch_events: int = 4096,
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
    run: Run | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    on_step: Callable[[int, int, int, float], None] | None = None,
) -> list[dict[str, float]]:
    """Trains a model; it ends with the weights that were best on validation.

    Args:
        model: from `build_recommender`.
        train: ``data.train``.
        validation: ``data.validation``; without it training runs through all epochs.
        epochs: at most so many passes over the training events.
        batch_events: events per batch, padding included.
        learning_rate: the peak, after a warm-up over the first twentieth of the steps; then a cosine to 0.
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
        run: a run folder to keep curves and the best model in.
        on_epoch: called with each epoch's losses and metrics.
        on_step: called with epoch, step, steps and loss.

    Returns:
        a record of losses and validation metrics per epoch.

    Raises:
        ValueError: no training events, an unknown `monitor`, or a loss that is no finite number.
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
        negatives=negatives if model.item_vectors.sampled else 0,
        encoded=encode_items if model.item_vectors.cached else None,
        seed=seed,
    )
    keras.utils.set_random_seed(seed)
    if optimizer is None:
        steps = epochs * len(batches)
        warm_up = max(1, min(steps // 20, 1000))
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0, max(1, steps - warm_up), warmup_target=learning_rate, warmup_steps=warm_up
        )
        optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=weight_decay, beta_2=0.98, global_clipnorm=1.0
        )
        optimizer.exclude_from_weight_decay(var_names=["table", "scale", "norm", "bias", "words", "gap"])
    # its variables are made here and not while the step is traced, which would trace it twice
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer, jit_compile=jit_compile)
    callbacks: list[keras.callbacks.Callback] = [SetEpoch(batches)]
    if model.item_vectors.cached:
        callbacks.append(RefreshContent(data.items, refresh_every))
    callbacks.append(StopOnNaN())
    if validation is not None:
        callbacks.append(Validation(validation, monitor or default_monitor(model), patience, k))
    if on_step:
        callbacks.append(StepProgress(batches, on_step))
    curves = Curves(on_epoch)
    callbacks.append(curves)
    model.fit(feed(batches), epochs=epochs, callbacks=callbacks, verbose=0, shuffle=False)
    model.refresh(data.items)
    if run is not None:
        run.write("curves", curves.records)
        run.save_model(model)
    return curves.records


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
