"""A head for each modality of the items, so that none can hide behind the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.layers import silu, unit
from tfmmrec.losses import against_sample, sampled_softmax
from tfmmrec.members import suggestion
from tfmmrec.models.step import ModelStep
from tfmmrec.schema import Schema
from tfmmrec.tasks.binary import Both


class AuxiliaryHeads(keras.layers.Layer):
    """Each modality of an item must answer the tasks alone (as in Gradient-Blending, Wang 2020).

    A modality's mean token goes through a linear map of its own, which makes a vector of the item. By it
    alone the user's next items must be found, by a softmax over the items that are encoded in this step
    (corrected for their chances to be), and the other tasks answered, by a small head of the modality's own.
    The loss is ``weight · 1/M Σ_m λ_m L_m``, where ``L_m`` is the sum of the tasks' losses times their own
    weights. An item that lacks a modality, or has it hidden (modality dropout), is not asked by it. The
    states of users are those of the whole model.

    Heads are of training alone: no tower holds them, and no export.

    Args:
        names: the modalities, features of the items.
        schema: whose tasks are to be answered.
        vocabulary: of the tasks.
        width: D.
        cosine: whether items' vectors are of length one.
        weight: of the mean loss in the model's loss.
        weights: λ of modalities by name; 1 for those not named; 0 leaves one out of the loss.
        probe: whether heads only watch: no gradient reaches encoders or users then, and the heads say how
            much can be read from each modality (probes, Alain & Bengio 2016).

    Attributes:
        scores: float32 ``[M]``, what each modality's answers were worth in the last step that asked it:
            ``exp(−L)``, L the mean loss of the tasks: for a cross-entropy the (geometric) mean of the chance
            that it gave to what was right.

    Raises:
        ValueError: `weights` names what is no modality, or a weight is below 0.
    """

    def __init__(
        self,
        names: Sequence[str],
        schema: Schema,
        vocabulary: Vocabulary,
        width: int,
        cosine: bool = False,
        weight: float = 0.1,
        weights: dict[str, float] | None = None,
        probe: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.names, self.probe, self.weight = list(names), probe, weight
        for name, value in (weights or {}).items():
            if name not in self.names:
                raise ValueError(
                    f"auxiliary: weights names {name!r}, and the items' features are "
                    f"{', '.join(self.names)}. Name one of those."
                )
            if not value >= 0:
                raise ValueError(f"auxiliary: the weight of {name!r} must be 0 or more, got {value}.")
        if not weight >= 0:
            raise ValueError(f"auxiliary: weight must be 0 or more, got {weight}.")
        self.lambdas = {name: float((weights or {}).get(name, 1.0)) for name in self.names}
        self.heads = [ModalityHead(schema, vocabulary, width, cosine, name=f"{n}_head") for n in self.names]

    def build(self, *_: Any) -> None:
        for head in self.heads:
            head.build()
        self.scores = self.add_weight(
            shape=(len(self.names),),
            initializer="ones",
            dtype="float32",
            trainable=False,
            aggregation="mean",
            name="scores",
        )

    def call(
        self, alone: dict[str, dict[str, Any]], encoded: Any, candidate: Any, states: Any = None
    ) -> dict[str, dict[str, Any]]:
        """By modality ``vectors`` ``[E, D]``, ``present`` ``[E]``, ``candidates`` ``[B, K, D]``, ``asked``
        ``[B, K]`` and ``outputs``, those of the heads by task.

        Args:
            alone: by modality ``pooled`` ``[E, D]`` and ``present`` ``[E]``.
            encoded: int ``[U]``: the place of the step's items among the encoded, −1 where they are not.
            candidate: int ``[B, K]``: places among the step's items; −1 is padding.
            states: ``[B, S, D]``; None where there are no users.
        """
        place = ops.take(encoded, ops.maximum(candidate, 0), axis=0)
        real = ops.logical_and(candidate >= 0, place >= 0)
        place = ops.maximum(place, 0)
        answers = {}
        for name, head in zip(self.names, self.heads, strict=True):
            pooled, present = alone[name]["pooled"], alone[name]["present"]
            vectors = head.vectors(self.held(pooled))
            candidates = ops.take(vectors, place, axis=0)
            answers[name] = {
                "vectors": vectors,
                "present": present,
                "candidates": candidates,
                "asked": ops.logical_and(real, ops.take(present, place, axis=0)),
                "outputs": head.judge(self.held(states), candidates),
            }
        return answers

    def loss(
        self,
        step: ModelStep,
        y: Any,
        sample_weight: Any,
        means: dict[str, keras.metrics.Mean],
        training: bool,
    ) -> Any:
        """The weighted loss, a scalar; in training the `scores` are told of it.

        Args:
            step: the whole model's.
            y, sample_weight: of the batch, by task.
            means: by modality, its mean loss over an epoch, which is told of it too.
            training: whether this is a step of training.
        """
        tasks, states = step.model.schema.tasks, step.model.vocabulary.tasks
        answers = step.outputs["alone"]
        rows, log_q = _encoded(step, ops.shape(answers[self.names[0]]["vectors"])[0])
        total, scores = 0.0, []
        for at, name in enumerate(self.names):
            alone = _Alone(step, answers[name], rows, log_q, self)
            here = ops.cast(answers[name]["asked"], "float32")
            summed, counted = 0.0, 0.0
            for task in tasks:
                asked = here * sample_weight[task.name]
                losses, weight = task.weighted_loss(alone, y[task.name], asked, states[task.name])
                summed += task.weight * losses / ops.maximum(weight, 1e-6)
                counted += task.weight * ops.cast(weight > 0, "float32")
            mean = summed / ops.maximum(counted, 1e-6)
            means[name].update_state(mean, sample_weight=ops.cast(counted > 0, "float32"))
            told = ops.logical_and(counted > 0, ops.isfinite(mean))  # a bad step has another cause to name
            scores.append(ops.where(told, ops.exp(-mean), self.scores[at]))
            total += self.lambdas[name] * summed
        if training:
            self.scores.assign(ops.stop_gradient(ops.stack(scores)))
        return self.weight * total / len(self.names)

    def held(self, x: Any) -> Any:
        """`x`, if any, without a gradient where the heads only watch."""
        return ops.stop_gradient(x) if self.probe and x is not None else x


class ModalityHead(keras.layers.Layer):
    """What one modality says: a vector of each item, and an answer to each task that judges.

    Args:
        schema: whose tasks.
        vocabulary: of the tasks.
        width: D.
        cosine: whether vectors are of length one.
    """

    def __init__(
        self, schema: Schema, vocabulary: Vocabulary, width: int, cosine: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.width, self.cosine = width, cosine
        judged = [task for task in schema.tasks if not task.retrieval]
        self.judged, self.given = [task.name for task in judged], schema.given
        self.of_user = schema.user_id is not None
        # the scale of the items' vectors, which are embeddings
        small = keras.initializers.RandomNormal(stddev=1 / width)
        self.projection = keras.layers.Dense(width, kernel_initializer=small, name="projection")
        self.hidden = keras.layers.Dense(width, activation=silu, name="hidden") if judged else None
        self.tasks = [task.head(width, vocabulary.tasks[task.name]) for task in judged]
        self.both = Both(dtype="float32", name="both")

    def build(self, *_: Any) -> None:
        self.projection.build((None, self.width))
        if self.hidden:
            self.hidden.build((None, None, 3 * self.width if self.of_user else self.width))
        for task in self.tasks:
            task.build((None, None, self.width))

    def vectors(self, pooled: Any) -> Any:
        """``[E, D] → [E, D]``."""
        projected = self.projection(pooled)
        return unit(projected) if self.cosine else projected

    def judge(self, states: Any, candidates: Any) -> dict[str, Any]:
        """``([B, S, D] or None, [B, K, D]) → {task: [B, K] or [B, K, C]}``."""
        if self.hidden is None:
            return {}
        pairs = candidates if self.cosine else candidates * self.width**0.5
        if states is not None:
            states = ops.broadcast_to(states, ops.shape(candidates))
            pairs = ops.concatenate([states, pairs, states * pairs], axis=-1)
        hidden = self.hidden(pairs)
        outputs = {name: task(hidden) for name, task in zip(self.judged, self.tasks, strict=True)}
        for name, other in self.given.items():
            outputs[name] = self.both(outputs[name], outputs[other])
        return outputs


@dataclass
class _Alone:
    """The step as tasks see it by the answers of one modality; see `tfmmrec.tasks.Step`."""

    whole: ModelStep
    answer: dict[str, Any]
    rows: Any
    log_q: Any
    heads: AuxiliaryHeads

    @property
    def states(self) -> Any:
        return self.heads.held(self.whole.states)

    @property
    def candidates(self) -> Any:
        return self.answer["candidates"]

    @property
    def outputs(self) -> dict[str, Any]:
        return self.answer["outputs"]

    @property
    def items(self) -> int:
        return self.whole.items

    def softmax(self, target: Any, weight: Any, states: Any) -> Any:
        losses = sampled_softmax(*self._sampled(target, states))
        return ops.sum(ops.cast(ops.reshape(weight, (-1,)), "float32") * losses)

    def sample(self, target: Any, states: Any) -> tuple[Any, Any, Any]:
        return against_sample(*self._sampled(target, states))

    def _sampled(self, target: Any, states: Any) -> tuple[Any, ...]:
        width = self.candidates.shape[-1]
        flat = (ops.reshape(x, (-1, width)) for x in (states, self.candidates))
        hidden, own = (ops.cast(x, self.answer["vectors"].dtype) for x in flat)
        rows = ops.where(self.answer["present"], self.rows, -1)
        return hidden, ops.reshape(target, (-1,)), own, rows, self.answer["vectors"], self.log_q


def _encoded(step: ModelStep, count: Any) -> tuple[Any, Any]:
    """Of the items that are encoded in a step, their rows of the catalogue and the logs of their chances.

    Returns:
        int and float ``[E]``; the row is −1 on padding.
    """
    x, place = step.x, step.x["item.encoded"]
    log_q = x["item.log_encoded"]  # where the loss is over all items, that is the whole chance: see `Batches`
    if not step.model.item_vectors.cached or step.model.sampled_loss:
        log_q = log_q + x["item.log_q"]
    # those that are not encoded are written to a row of their own, which is cut off again
    at = ops.expand_dims(ops.where(place < 0, count, place), 1)
    rows = ops.scatter_update(-ops.ones((count + 1,), "int32"), at, ops.cast(x["item.row"], "int32"))
    chances = ops.scatter_update(ops.zeros((count + 1,), "float32"), at, ops.cast(log_q, "float32"))
    return rows[:count], chances[:count]


def auxiliary_settings(choice: Any) -> dict[str, Any]:
    """A weight, or a dict of settings, as settings of `AuxiliaryHeads`.

    Raises:
        ValueError: it is neither, or there is no such setting.
    """
    known = ("weight", "weights", "probe")
    if isinstance(choice, int | float) and not isinstance(choice, bool):
        return {"weight": float(choice)}
    if not isinstance(choice, dict):
        raise ValueError(
            f"auxiliary is the weight of the heads' loss, such as 0.1, or a dict of settings; got {choice!r}."
        )
    for name in choice:
        if name not in known:
            raise ValueError(f"auxiliary has no setting {name!r}.{suggestion(name, known)}")
    return dict(choice)
