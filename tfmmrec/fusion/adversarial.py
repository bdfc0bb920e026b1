"""Adversarial fusion: a space in which a discriminator cannot tell the modalities apart."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled
from tfmmrec.layers import silu


@keras.saving.register_keras_serializable("tfmmrec")
class Adversarial(Fusion):
    """``norm(Σ_m h_m)``, ``h_m = W_m x_m``, while ``weight · CE(discriminator(norm(h_m)), m)`` is played for.

    ``x_m`` is the mean of the tokens of modality m. The discriminator learns to tell which modality a vector
    is of; through the reversed gradient (Ganin 2016) the maps and encoders learn to make that impossible, as
    in adversarial cross-modal retrieval (Wang 2017). The loss is the mean over the modalities that rows have.
    With one modality there is nothing to tell, and no loss.

    Args:
        weight: of the discriminator's loss in the model's loss.
        strength: of the reversed gradient, beside that of the discriminator.
    """

    def __init__(
        self, width: int, names: list[str], weight: float = 0.1, strength: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(width, names, **kwargs)
        self.weight, self.strength = weight, strength
        self.hidden = keras.layers.Dense(width, activation=silu, name="discriminator_hidden")
        self.verdict = keras.layers.Dense(len(names), dtype="float32", name="discriminator")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        each = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        shape = (len(self.names), self.width, self.width)
        self.kernel = self.add_weight(shape=shape, initializer=each, name="kernel")
        if len(self.names) > 1:
            self.hidden.build((None, None, self.width))
            self.verdict.build((None, None, self.width))
        self.norm.build((None, self.width))

    def common(self, tokens: list[tuple[Any, Any]]) -> Any:
        """The modalities in the common space, ``[B, M, D]``."""
        x = pooled(tokens)
        return ops.einsum("bmd,mde->bme", x, ops.cast(self.kernel, x.dtype))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        return self.norm(ops.sum(self.common(tokens), axis=1))

    def added_loss(self, tokens: list[tuple[Any, Any]], present: Any, fused: Any) -> Any:
        if len(self.names) == 1:
            return None
        # of the directions alone: maps that can lengthen their vectors win, and nothing holds the loss
        common = ops.rms_normalization(self.common(tokens), axis=-1)
        logits = self.verdict(self.hidden(reverse_gradient(common, self.strength)))
        truth = ops.eye(len(self.names), dtype="float32")
        wrong = -ops.sum(truth * ops.log_softmax(logits), axis=-1)
        here = ops.cast(present, "float32")
        return self.weight * ops.sum(here * wrong) / ops.maximum(ops.sum(here), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight, "strength": self.strength}


def reverse_gradient(x: Any, strength: float = 1.0) -> Any:
    """``x``, whose gradient is that of the result times ``−strength``."""
    return ops.stop_gradient(x) * (1 + strength) - strength * x
