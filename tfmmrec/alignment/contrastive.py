"""Contrastive alignments: an item's modalities are nearer to each other than to other items'."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from tfmmrec.alignment.alignment import Alignment, mean_of_rows
from tfmmrec.layers import unit


@keras.saving.register_keras_serializable("tfmmrec")
class Contrastive(Alignment):
    """Symmetric InfoNCE over the items of a step (CLIP, Radford 2021).

    ``½ [CE(A Bᵀ / τ, i) + CE(B Aᵀ / τ, i)]`` with A and B of unit length, over rows that have both.

    Args:
        temperature: τ.
    """

    def __init__(
        self, names: list[str], weight: float = 0.1, temperature: float = 0.1, **kwargs: Any
    ) -> None:
        super().__init__(names, weight, **kwargs)
        self.temperature = temperature

    def pair_loss(self, a: Any, b: Any, a_present: Any, b_present: Any) -> Any:
        both = ops.logical_and(a_present, b_present)
        a, b = (unit(ops.cast(x, "float32")) for x in (a, b))
        logits = ops.where(ops.expand_dims(both, 0), ops.matmul(a, ops.transpose(b)) / self.temperature, -1e9)
        back = ops.where(ops.expand_dims(both, 0), ops.matmul(b, ops.transpose(a)) / self.temperature, -1e9)
        agreeing = ops.sum(a * b, axis=-1) / self.temperature
        loss = (ops.logsumexp(logits, axis=-1) + ops.logsumexp(back, axis=-1)) / 2 - agreeing
        return mean_of_rows(loss, both)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable("tfmmrec")
class Sigmoid(Alignment):
    """``−1/n Σ_i Σ_j log σ(y_ij (t a_i · b_j + b))``, y_ij is 1 where i = j, else −1 (SigLIP, Zhai 2023).

    Over the n rows of a step that have both, with a and b of unit length. Every pair of items is a question
    of its own, without a softmax, so that small and large steps ask the same of it. The scale ``t`` and the
    bias ``b`` are learned, ``log t`` from log 10 and b from −10 as published: nearly all pairs differ.
    """

    def build(self, *_: Any) -> None:
        of_scale = keras.initializers.Constant(math.log(10))
        self.log_scale = self.add_weight(shape=(), initializer=of_scale, dtype="float32", name="log_scale")
        of_bias = keras.initializers.Constant(-10.0)
        self.bias = self.add_weight(shape=(), initializer=of_bias, dtype="float32", name="bias")

    def pair_loss(self, a: Any, b: Any, a_present: Any, b_present: Any) -> Any:
        both = ops.logical_and(a_present, b_present)
        a, b = (unit(ops.cast(x, "float32")) for x in (a, b))
        scale, bias = ops.exp(ops.cast(self.log_scale, "float32")), ops.cast(self.bias, "float32")
        logits = scale * ops.matmul(a, ops.transpose(b)) + bias
        same = 2 * ops.eye(ops.shape(logits)[0], dtype="float32") - 1
        losses = ops.where(ops.expand_dims(both, 0), ops.softplus(-same * logits), 0.0)
        return mean_of_rows(ops.sum(losses, axis=1), both)
