"""Pooled modalities, added up."""

from __future__ import annotations

from typing import Any

import keras

from tfmmrec.fusion.fusion import Fusion
from tfmmrec.layers import masked_mean


@keras.saving.register_keras_serializable("tfmmrec")
class Sum(Fusion):
    """``mean(tokens of modality 1) + … + mean(tokens of modality M)``.

    It has no weights and normalises nothing: what a feature says is as strong as its encoder makes it. For
    small catalogues, and for features such as tags, where a fusion that learns soon learns by heart.
    """

    def build(self, *_: Any) -> None:
        pass

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        first, *others = (masked_mean(x, mask) for x, mask in tokens)
        return sum(others, start=first)
