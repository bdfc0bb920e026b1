"""Pretraining of item encoders on what items are, before any event is seen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tfmmrec import pretraining
from tfmmrec.data import Data
from tfmmrec.data.dataset import Features
from tfmmrec.data.vocabulary import State
from tfmmrec.members import make
from tfmmrec.modalities import Id, Modality
from tfmmrec.models import Recommender
from tfmmrec.pretraining.objective import Items, Objective
from tfmmrec.training.devices import batch_shares
from tfmmrec.training.schedule import Schedule
from tfmmrec.training.seeds import reseed


def pretrain(
    model: Recommender,
    data: Data,
    objective: Any = "contrastive",
    epochs: int = 10,
    batch_items: int = 256,
    learning_rate: float = 1e-3,
    weight_decay: float = 0.01,
    rows: np.ndarray | None = None,
    seed: int = 0,
    jit_compile: bool = False,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    on_step: Callable[[int, int, int, float], None] | None = None,
) -> list[dict[str, float]]:
    """Trains the item tower on the content of items alone: encoders and fusion; ids are missing in it.

    What layers of the tower add to a loss (an alignment, say) counts here, too. After it, `fit` goes on from
    these weights.

    Args:
        model: from `build_recommender`; its item tower is trained in place.
        data: whose items are looked at.
        objective: ``"contrastive"`` (two views of an item agree), ``"masked_modality"`` (one feature is told
            from the others), an `Objective` class, or a dict of ``name`` and settings.
        epochs: passes over the items.
        batch_items: items of a step, which are each other's negatives; of fewer items, all.
        learning_rate: the peak of AdamW's, after a warm-up and before a cosine to 0.
        weight_decay: of AdamW.
        rows: of the catalogue; by default those of the items that have events in training, so that others
            are as new afterwards as they were. Items without any content are left out.
        seed: of the order of items, of what is hidden, and of the objective's own weights.
        jit_compile: compile the step with XLA.
        on_epoch: called with each epoch's record.
        on_step: called with epoch, step, steps and loss.

    Returns:
        a record of each epoch: ``epoch``, ``loss``, ``accuracy`` (the share of examples that are nearest to
        what they should be near) and ``seconds``.

    Raises:
        ValueError: there is no such objective, the model was made for several replicas of
            ``tf.distribute``, items have no content, fewer of them have some than two or than there are
            devices, or the loss is no finite number.
    """
    content = [one for one in model.schema.features("item") if not isinstance(one, Id)]
    if not content:
        raise ValueError(
            "Pretraining reads what items are, and the schema knows their ids alone: give items a feature."
        )
    states = model.vocabulary.features["item"]
    rows = np.arange(data.vocabulary.trained_items) if rows is None else np.asarray(rows)
    present = np.stack([_present(one, states[one.name], data.items, rows) for one in content], axis=1)
    rows, present = rows[present.any(axis=1)], present[present.any(axis=1)]
    shares = batch_shares(model)
    if len(rows) < max(2, shares):
        least = "two are needed" if shares < 2 else f"{shares} are needed, one for each device"
        raise ValueError(f"Pretraining compares items, and {len(rows)} of them has content; {least}.")
    names = [one.name for one in content]
    keras.utils.set_random_seed(seed)
    asked = make(pretraining, Objective, objective, width=model.width, names=names, name="objective")
    frozen = [one for name, one in model.id_tables.items() if name.startswith("item.") and one.trainable]
    for encoder in frozen:
        encoder.trainable = False
    try:
        trainer = _Pretraining(model.item_tower, asked)
        reseed(trainer, seed)
        size = max(min(batch_items, len(rows)) // shares, 1) * shares
        steps = len(rows) // size
        rate = Schedule(learning_rate, epochs * steps, "cosine")
        trainer.compile(
            optimizer=keras.optimizers.AdamW(rate, weight_decay=weight_decay), jit_compile=jit_compile
        )
        records = []
        for epoch in range(1, epochs + 1):
            order = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(epoch,))).permutation(
                len(rows)
            )
            batches = _ItemBatches(data.items, model.schema.features("item"), rows, present, order, size)
            records.append(_epoch(trainer, batches, epoch, on_step))
            if on_epoch:
                on_epoch(records[-1])
    finally:
        for encoder in frozen:
            encoder.trainable = True
    return records


def _epoch(
    trainer: keras.Model,
    batches: _ItemBatches,
    epoch: int,
    on_step: Callable[[int, int, int, float], None] | None,
) -> dict[str, float]:
    def told(step: int, logs: Any) -> None:
        if on_step:
            on_step(epoch, step + 1, len(batches), float(logs["loss"]))

    began = time.monotonic()
    hears = [keras.callbacks.LambdaCallback(on_train_batch_end=told)]
    logs = trainer.fit(batches, epochs=1, verbose=0, shuffle=False, callbacks=hears).history
    record = {"epoch": epoch, "loss": float(logs["loss"][0]), "accuracy": float(logs["accuracy"][0])}
    if not math.isfinite(record["loss"]):
        raise ValueError(
            f"The loss of epoch {epoch} of the pretraining is {record['loss']}. Lower its learning_rate, or "
            "look for extreme values in Number and Vector columns."
        )
    return {**record, "seconds": time.monotonic() - began}


def _present(feature: Modality, state: State, items: Features, rows: np.ndarray) -> np.ndarray:
    """Which items have a feature, bool ``[R]``: whole numbers tell it where it has some, else floats."""
    spec = feature.spec(state)
    whole = [part for part, (_, dtype) in spec.items() if dtype.startswith("int")] or list(spec)
    found = np.zeros(len(rows), bool)
    for part in whole:
        array = np.asarray(items[feature.name][part][rows])
        told = np.isfinite(array) if array.dtype.kind == "f" else array != 0
        found |= told.reshape(len(rows), -1).any(axis=1)
    return found


class _ItemBatches(keras.utils.PyDataset):
    """The items of an epoch, all but the few that make no whole batch."""

    def __init__(
        self,
        items: Features,
        features: Sequence[Modality],
        rows: np.ndarray,
        present: np.ndarray,
        order: np.ndarray,
        size: int,
    ) -> None:
        super().__init__()
        self.items, self.features, self.rows, self.present = items, features, rows, present
        self.order, self.size = order, size

    def __len__(self) -> int:
        return len(self.order) // self.size

    def __getitem__(self, index: int) -> tuple[dict[str, np.ndarray]]:
        chosen = self.order[index * self.size : (index + 1) * self.size]
        x = {"present": self.present[chosen]}
        for feature in self.features:
            for part, array in self.items[feature.name].items():
                taken = array[self.rows[chosen]]
                x[f"{feature.name}.{part}"] = np.zeros_like(taken) if isinstance(feature, Id) else taken
        return (x,)


class _Pretraining(keras.Model):
    """The item tower under an objective, as Keras trains it."""

    def __init__(self, tower: keras.Model, objective: Objective) -> None:
        super().__init__(name="pretraining")
        self.tower, self.objective = tower, objective
        self.right = keras.metrics.Mean(name="accuracy")
        objective.build()
        self.built = True

    def call(self, x: dict[str, Any], training: bool | None = None) -> dict[str, Any]:
        x = {name: ops.convert_to_tensor(array) for name, array in x.items()}  # on jax, arrays may come
        parts = {name: array for name, array in x.items() if name != "present"}
        items = Items(self.tower, parts, x["present"], self.objective.names)
        losses, right, weight = self.objective.losses_of(items)
        return {"losses": losses, "right": right, "weight": weight}

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        weight = y_pred["weight"]
        self.right.update_state(ops.cast(y_pred["right"], "float32"), sample_weight=weight)
        loss = ops.sum(y_pred["losses"] * weight) / ops.maximum(ops.sum(weight), 1.0)
        return loss + sum(ops.cast(added, "float32") for added in self.losses)
