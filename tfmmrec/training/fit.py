"""Training: optimizer, schedule, callbacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras

from tfmmrec import balancing as balancings
from tfmmrec.balancing import Balancing, Fixed
from tfmmrec.data.batches import Batches
from tfmmrec.data.dataset import Features, Split
from tfmmrec.data.feeds import feed
from tfmmrec.data.negatives import Uniform, negatives_of
from tfmmrec.members import chosen as as_settings
from tfmmrec.members import make
from tfmmrec.memory import kept_memory
from tfmmrec.models import GradientHook, Recommender
from tfmmrec.training.arguments import check_counts, check_own
from tfmmrec.training.callbacks import (
    Curves,
    Feeding,
    RefreshContent,
    StepProgress,
    StopOnNaN,
    Validation,
)
from tfmmrec.training.checkpoint import Checkpoint, KeepCheckpoint
from tfmmrec.training.devices import batch_shares
from tfmmrec.training.freezing import Freezing, check_freeze
from tfmmrec.training.mining import MineNegatives
from tfmmrec.training.modulation import Modulation, modulated
from tfmmrec.training.monitor import check_monitor, default_monitor, metric_names, with_monitored
from tfmmrec.training.row_updates import adamw
from tfmmrec.training.run import Run
from tfmmrec.training.schedule import Schedule
from tfmmrec.training.seeds import reseed


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
    negatives: Any = 512,
    encode_items: int | None = 512,
    seed: int = 0,
    jit_compile: bool = False,
    deterministic: bool = False,
    schedule: str = "cosine",
    accumulate: int = 1,
    ema: float | None = None,
    balancing: Any = "fixed",
    rates: dict[str, float] | None = None,
    layer_decay: float | dict[str, float] | None = None,
    freeze: dict[str, int] | None = None,
    modulation: Any = None,
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
    With a balancing, a modulation, a gradient hook, `accumulate`, `ema` or an `optimizer` of your own every
    row is updated.

    Where `keras.distribution` spreads batches over several devices, each takes an equal share of a batch.

    Args:
        model: from `build_recommender`.
        train: ``data.train``.
        validation: ``data.validation``; without it training runs through all epochs.
        epochs: at most so many passes over the training events.
        batch_events: events per batch, padding included: by default 4096, and 32 without users.
        learning_rate: the peak, after a warm-up over the first twentieth of the steps.
        weight_decay: of AdamW, which is the optimizer unless one is given.
        optimizer: any Keras optimizer instead; then `learning_rate`, `weight_decay`, `rates` and
            `layer_decay` are not used, and `freeze`, `schedule`, `accumulate` and `ema` cannot be.
        patience: epochs without a better `monitor` before training stops.
        monitor: the validation metric that decides: by default ``ndcg@10``, or the first head's first.
        k: cut-offs of the ranking metrics; that of `monitor` is added.
        refresh_every: steps between two refreshes of cached content vectors.
        negatives: items that are drawn for each batch beside those of its events, where the loss is against
            a sample, or some are to be encoded: so many, uniformly; or ``"uniform"``, ``"popularity"``,
            ``"in_batch"`` (none), ``"mined"`` (hard ones, chosen anew before each epoch), ``"mixed"``, a
            `Negatives` class, or a dict of ``name``, ``count`` (512 by default) and other settings. Losses
            correct for the chances they are drawn with. Without effect on a softmax over all items of
            which none has to be encoded.
        encode_items: at most so many of a batch's items are encoded in a step, drawn at random; the content
            of the others comes from the cache. It bounds the cost of a step; None encodes all. Without
            effect where nothing is cached.
        seed: of the order of batches, the negatives, and the dropout and what else layers draw, whatever seed
            the model was built with.
        jit_compile: compile the step with XLA: quicker steps after a compilation of up to a minute per
            batch shape, worth it for long trainings. The jax backend always compiles unless run eagerly.
        deterministic: the same numbers in every run on the same machine with as many threads, whether in
            one go or interrupted: slower on TensorFlow, which is switched for the whole process.
        schedule: what the learning rate does after the warm-up: ``"cosine"`` to 0, ``"linear"`` to 0, or
            ``"constant"``.
        accumulate: batches whose gradients make one update.
        ema: keep an exponential moving average of the weights with this momentum, such as 0.999 for each
            update: it is what is validated, kept and returned (Polyak and Juditsky, 1992).
        balancing: what the tasks' losses count in a step: ``"fixed"`` (their own weights),
            ``"attention_weighted"``, ``"uncertainty"``, ``"dwa"``, ``"grad_norm"``, ``"pc_grad"``,
            ``"mgda"``, a `Balancing` class, or a dict of ``name`` and settings. The last three of the names
            take a backward pass for each task.
        rates: by name of a feature, what the learning rate of its encoder is multiplied by, such as
            ``{"poster": 0.1}``: so that what learns fast, or was trained before, does not outrun the others.
        layer_decay: what it is multiplied by once more for each layer below an encoder's last one, such as
            0.8, for all encoders or by name of a feature; see `tfmmrec.training.layer_rates`.
        freeze: by part, for how many epochs from the first on it stands still: ``{"poster": 3}``. A part is a
            feature, whose encoder is meant (the table, of an id), or another layer such as ``"fusion"`` or
            ``"history"``, or one within a part: ``{"plot/words": 3, "plot/sequence": 2}`` thaws from above.
        modulation: holds back the encoders of modalities that answer best alone (OGM-GE): its strength α,
            such as 0.5, or a dict of ``strength`` and ``noise``; see `tfmmrec.training.modulation`. The model
            needs auxiliary heads.
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
        ValueError: no training events, a model made for several replicas of ``tf.distribute``, an unknown
            `monitor`, `schedule`, `balancing`, feature or part, a number of batches or steps below 1, more
            batches to an update than there are, an `optimizer` with what it has to be told itself, a loss or
            a monitored metric that is no finite number, a `checkpoint` of a training with other settings, or
            a model or a graph that was made for other data.
    """
    check_counts(accumulate=accumulate, refresh_every=refresh_every)
    if optimizer is not None:
        check_own(optimizer, schedule=schedule, accumulate=accumulate, ema=ema)
    model.vocabulary.check_rows(train.data.vocabulary)
    if not len(train):
        raise ValueError("There are no training events; check the split and the events table.")
    if validation is not None and not len(validation):
        raise ValueError(
            "The validation split is empty: users need three events or more for leave-last-out. Give more "
            "data, another split, or validation=None."
        )
    decides = monitor or default_monitor(model)
    k = with_monitored(k, decides)
    if validation is not None:
        check_monitor(decides, metric_names(model, validation, k))
    data = train.data
    shares = batch_shares(model)
    kind = negatives_of(negatives)
    drawn = model.item_vectors.sampled or model.item_vectors.cached or model.sampled_loss
    batches = Batches(
        data,
        model.schema,
        batch_events=batch_events,
        negatives=kind if drawn and model.schema.retrieval else 0,
        encoded=encode_items if model.item_vectors.cached else None,
        cached=model.item_vectors.cached and not model.sampled_loss,
        seed=seed,
        shares=shares,
    )
    if epochs and accumulate > epochs * len(batches):
        raise ValueError(
            f"accumulate={accumulate} batches make one update, and the training has {epochs * len(batches)}: "
            "nothing would be learnt. Lower accumulate or batch_events, or train for more epochs."
        )
    own = {"rates": rates, "layer_decay": layer_decay, "freeze": freeze, "modulation": modulation}
    settings = {
        "model": model.get_config(),
        "split": data.split_sha256,
        "optimizer": None if optimizer is None else optimizer.get_config(),
        "learning_rate": learning_rate,
        "weight_decay": weight_decay,
        "schedule": schedule,
        "accumulate": accumulate,
        "ema": ema,
        **({} if balancing == "fixed" else {"balancing": _plain(balancing)}),
        **({} if shares == 1 else {"shares": shares}),
        **{name: value for name, value in own.items() if value},
        "epochs": epochs,
        "batch_events": batch_events,
        "refresh_every": refresh_every,
        "negatives": kind.count if type(kind) is Uniform else _plain(negatives),
        "encode_items": encode_items,
        "seed": seed,
        "monitor": monitor,
        "patience": patience,
    }
    if model.graph is not None:
        model.graph.connect(data)
    keras.utils.set_random_seed(seed)
    reseed(model, seed)
    if deterministic and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    hook = model.gradient_hook
    balanced, freeze = _hook(model, balancing, len(batches)), freeze or {}
    check_freeze(model, freeze, optimizer)
    held_back = modulated(model, modulation, balanced, seed)
    kept = Checkpoint(checkpoint) if checkpoint is not None else None
    parts: dict[str, Any] = {"curves": Curves(on_epoch)}
    try:
        model.gradient_hook = held_back
        if optimizer is None:
            updates = epochs * len(batches) // accumulate
            rate = Schedule(learning_rate, updates, schedule, accumulate=accumulate)
            paced = [*freeze, *getattr(held_back, "paced", ())]
            optimizer = adamw(model, rate, weight_decay, accumulate, ema, rates, layer_decay, paced)
        model.compile(optimizer=optimizer, jit_compile=jit_compile)
        # its variables are made here and not while the step is traced, which would trace it twice; of a model
        # of mixed_float16 Keras has wrapped it, and the wrapper has some, too
        model.optimizer.build(model.trainable_variables)

        feeding, guard = Feeding(batches), StopOnNaN(batches, kept)
        chosen: list[Any] = [feeding, guard]
        paces = getattr(optimizer, "paces", [])
        if freeze:
            chosen.append(Freezing(freeze, paces[: len(freeze)]))
        if isinstance(held_back, Modulation) and paces:
            held_back.paces = paces[len(freeze) :]
        if model.item_vectors.cached:
            parts["refresh"] = RefreshContent(data.items, refresh_every)
            chosen.append(parts["refresh"])
        if batches.negatives.mined:
            parts["mining"] = MineNegatives(batches, data.items)
            chosen.append(parts["mining"])
        if validation is not None:
            parts["validation"] = Validation(validation, decides, patience, k, kept)
            chosen.append(parts["validation"])
        if on_step:
            chosen.append(StepProgress(batches, on_step))
        chosen += [*callbacks, parts["curves"]]
        keeper = (
            None if kept is None else KeepCheckpoint(kept, settings, parts, checkpoint_every, len(batches))
        )
        _train(model, batches, epochs, feeding, chosen, keeper)
    finally:
        model.gradient_hook = hook
    return _finish(model, data.items, parts, run, kept)


def _hook(model: Recommender, balancing: Any, steps: int) -> GradientHook | None:
    """The gradient hook of a training: the balancing's, but where that changes nothing the model's own."""
    names = [task.name for task in model.schema.tasks]
    weighing = make(balancings, Balancing, balancing, names=names, steps=steps)
    if isinstance(weighing, Fixed):
        return model.gradient_hook
    if model.gradient_hook is not None:
        raise ValueError(
            f"The model has a gradient hook, and balancing={balancing!r} is one, too; give one of the two."
        )
    return weighing


def _train(
    model: Recommender,
    batches: Batches,
    epochs: int,
    feeding: Feeding,
    callbacks: list[keras.callbacks.Callback],
    keeper: KeepCheckpoint | None,
) -> None:
    """All epochs, or those that are left of a training that was interrupted."""
    epoch = 0
    if keeper is not None:
        callbacks = [*callbacks, keeper]
        epoch, first = keeper.resume(model)
        if first and not model.stop_training:  # the rest of an epoch that was interrupted
            for callback in callbacks:
                if hasattr(callback, "first"):
                    callback.first = first
            if first < len(batches):
                _run(model, feed(batches, first, feeding.waited), epoch, epoch + 1, callbacks)
                keeper.checkpoint.restore(model)  # Keras ends by making averages of weights the weights
            else:
                _end(model, epoch, callbacks)
            epoch += 1
    if not model.stop_training:
        _run(model, feed(batches, waited=feeding.waited), epoch, epochs, callbacks)


def _end(model: Recommender, epoch: int, callbacks: list[keras.callbacks.Callback]) -> None:
    """The end of an epoch whose steps were all made before an interruption."""
    heard = keras.callbacks.CallbackList(callbacks, model=model)
    heard.on_train_begin()
    heard.on_epoch_begin(epoch)  # gives the metrics back, too
    heard.on_epoch_end(epoch, model.get_metrics_result())
    heard.on_train_end()


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


def _plain(choice: Any) -> dict[str, Any]:
    """A choice as plain values."""
    settings = as_settings(choice)
    name = settings["name"]
    kind = name if isinstance(name, type) else type(name)
    return settings | {"name": name if isinstance(name, str) else kind.__name__}


def _run(
    model: Recommender, batches: Any, epoch: int, epochs: int, callbacks: list[keras.callbacks.Callback]
) -> None:
    with kept_memory():
        model.fit(batches, initial_epoch=epoch, epochs=epochs, callbacks=callbacks, verbose=0, shuffle=False)
