"""Modalities that answer best alone are held back, so that the others learn too."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.members import suggestion
from tfmmrec.models import GradientHook, Gradients, Recommender, sum_gradients
from tfmmrec.training.parts import is_of


class Modulation:
    """On-the-fly gradient modulation (OGM-GE, Peng 2022): a gradient hook around another.

    Where modality m answers better alone than the others on average, ``ρ_m = s_m / mean_{n≠m} s_n > 1``, its
    encoder learns at ``1 − tanh(α ρ_m)`` of its rate in this step; else at all of it. With two modalities
    that is the paper's formula. ``s_m`` is told by the modality's own head: `AuxiliaryHeads.scores`.

    The factor is that of the update, by the optimizer's pace: in the update of AdamW a factor of the gradient
    would cancel. Under an optimizer without paces it is that of the gradient, which for SGD is the same.

    Args:
        model: with auxiliary heads, built.
        strength: α, above 0.
        noise: generalisation enhancement: whether each matrix of these encoders gets Gaussian noise onto its
            gradient, of the standard deviation of the gradient's own values. Tables of ids get none.
        seed: of the noise.
        inner: the hook whose gradients are modulated.

    Attributes:
        paced: the parts of the model that are held back, the encoders.
        paces: a variable for each of them that its factor is written to; None: gradients are scaled.

    Raises:
        ValueError: the strength is not above 0.
    """

    def __init__(
        self,
        model: Recommender,
        strength: float = 0.5,
        noise: bool = False,
        seed: int = 0,
        inner: GradientHook | None = None,
    ) -> None:
        if not strength > 0:
            raise ValueError(f"modulation: strength must be above 0, such as 0.5; got {strength}.")
        self.strength, self.noise, self.inner = strength, noise, inner or sum_gradients
        heads: Any = model.auxiliary
        self.seeds = keras.random.SeedGenerator(seed)
        self.variables = [*getattr(inner, "variables", ()), *([self.seeds.state] if noise else [])]
        self.paced, self.scores = list(heads.names), heads.scores
        self.paces: list[Any] | None = None
        weights = model.trainable_variables
        self.encoders = [
            [at for at, weight in enumerate(weights) if is_of(weight.path, name)] for name in self.paced
        ]
        tables = {id(encoder.embedding.embeddings) for encoder in model.id_tables.values()}
        self.noisy = {
            at
            for of_one in self.encoders
            for at in of_one
            if len(weights[at].shape) > 1 and id(weights[at]) not in tables
        }

    def __call__(self, gradients: Gradients) -> list[Any]:
        update = list(self.inner(gradients))
        factors = ops.unstack(coefficients(1.0 * self.scores, self.strength), len(self.paced))
        for m, (factor, encoder) in enumerate(zip(factors, self.encoders, strict=True)):
            if self.paces is not None:
                self.paces[m].assign(factor)
            for at in encoder:
                gradient = update[at]
                if self.paces is None:
                    update[at] = gradient * ops.cast(factor, gradient.dtype)
                if self.noise and at in self.noisy:
                    drawn = keras.random.normal(ops.shape(gradient), dtype="float32", seed=self.seeds)
                    added = drawn * ops.std(ops.cast(gradient, "float32"))
                    update[at] = update[at] + ops.cast(added, gradient.dtype)
        return update


def coefficients(scores: Any, strength: float) -> Any:
    """``1 − tanh(α ρ)`` where ``ρ > 1``, else 1: float32 ``[M] → [M]``.

    Args:
        scores: what each of M ≥ 2 modalities is worth alone, above 0.
        strength: α.
    """
    others = (ops.sum(scores) - scores) / (scores.shape[0] - 1)
    ratio = scores / ops.maximum(others, 1e-12)
    return ops.where(ratio > 1, 1 - ops.tanh(strength * ratio), 1.0)


def modulated(
    model: Recommender, choice: Any, inner: GradientHook | None, seed: int
) -> Modulation | GradientHook | None:
    """The gradient hook of a training with a choice of modulation, around the one it has otherwise.

    Args:
        model: what is trained.
        choice: α, or a dict of ``strength`` and ``noise``; None: `inner` as it is.
        inner: a balancing, or None.
        seed: of the noise.

    Raises:
        ValueError: the model has no auxiliary heads, or there is no such setting.
    """
    if choice is None:
        return inner
    settings = dict(choice) if isinstance(choice, dict) else {"strength": choice}
    known = ("strength", "noise")
    for name in settings:
        if name not in known:
            raise ValueError(f"modulation has no setting {name!r}.{suggestion(name, known)}")
    if len(model.schema.features("item")) < 2:
        return inner  # a modality alone, as in a twin: there is nothing to hold back for
    if model.auxiliary is None:
        raise ValueError(
            "modulation asks how well each modality answers alone, and the model has no heads that could "
            "say: build it with auxiliary=0.1, or with auxiliary={'probe': True}, whose heads only measure."
        )
    return Modulation(model, **settings, seed=seed, inner=inner)
