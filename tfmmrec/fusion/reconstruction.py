"""Reconstruction: from the fused vector all modalities can be made again."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled, side_by_side
from tfmmrec.layers import silu


@keras.saving.register_keras_serializable("tfmmrec")
class Reconstruction(Fusion):
    """``z = norm(W₂ silu(W₁ [x_1; …; x_M]))``, while ``weight · 1/N Σ ‖x_m − (D z)_m‖²`` is minimised.

    The bimodal autoencoder (Ngiam 2011), trained with the tasks: a fusion that is asked for all modalities
    does not forget those that the tasks ask little of. ``x_m`` is the mean of the tokens of modality m, N is
    the number of modalities that rows have, and ‖·‖² is the mean over the width, so that `weight` means the
    same at any width. What is to be made again is held (no gradient): else encoders would make it easy.

    Args:
        weight: of the reconstruction error in the model's loss.
    """

    def __init__(self, width: int, names: list[str], weight: float = 0.1, **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        self.weight = weight
        self.hidden = keras.layers.Dense(2 * width, activation=silu, name="hidden")
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")
        self.decoder = keras.layers.Dense(len(names) * width, name="decoder")

    def build(self, *_: Any) -> None:
        self.hidden.build((None, len(self.names) * self.width))
        self.projection.build((None, 2 * self.width))
        self.norm.build((None, self.width))
        self.decoder.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        return self.norm(self.projection(self.hidden(side_by_side(pooled(tokens)))))

    def added_loss(self, tokens: list[tuple[Any, Any]], present: Any, fused: Any) -> Any:
        asked = ops.stop_gradient(pooled(tokens))
        made = ops.reshape(self.decoder(fused), (-1, len(self.names), self.width))
        error = ops.mean(ops.square(ops.cast(asked, "float32") - ops.cast(made, "float32")), axis=-1)
        here = ops.cast(present, "float32")
        return self.weight * ops.sum(here * error) / ops.maximum(ops.sum(here), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight": self.weight}
