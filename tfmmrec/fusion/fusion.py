"""From the tokens of several modalities to one vector."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.layers import masked_mean

Tokens = dict[str, tuple[Any, Any]]
"""Modality name → ``(tokens [B, T, D], mask [B, T])``; every row has a token in every modality."""


class Fusion(keras.layers.Layer):
    """Abstract: ``Tokens → [B, D]``.

    A missing modality comes as its learned missing token. What stands under a False mask must not change
    the result. A subclass implements `fuse` and adds its layers in ``__init__`` and weights in `build`; one
    that learns from a loss of its own implements `added_loss` too.

    Args:
        width: D.
        names: the modalities, in the order they are given; one is enough.
        dropout: the share of values that its layers hide in training, where it has such layers.
    """

    def __init__(self, width: int, names: list[str], dropout: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.names, self.dropout = width, list(names), dropout

    def call(
        self, tokens: Tokens, present: dict[str, Any] | None = None, training: bool | None = None
    ) -> Any:
        """``[B, D]``; `present`: which rows have a modality of their own, bool ``[B]``; all by default."""
        # attention multiplies what is masked by 0, and 0 × NaN is NaN
        ordered = (tokens[name] for name in self.names)
        given = [(ops.where(ops.expand_dims(mask, -1), x, 0.0), mask) for x, mask in ordered]
        fused = self.fuse(given, training)
        if training:
            if present is None:
                present = {name: ops.any(tokens[name][1], axis=-1) for name in self.names}
            loss = self.added_loss(given, ops.stack([present[name] for name in self.names], axis=1), fused)
            if loss is not None:
                self.add_loss(loss)
        return fused

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        """``[(tokens [B, T, D], mask [B, T]), …] → [B, D]``."""
        raise NotImplementedError

    def added_loss(self, tokens: list[tuple[Any, Any]], present: Any, fused: Any) -> Any:
        """A scalar that training adds to the model's loss; None for none.

        Args:
            tokens: as in `fuse`.
            present: bool ``[B, M]``; rows must not count where they miss a modality.
            fused: what `fuse` gave, ``[B, D]``.
        """
        return None

    def compute_output_shape(self, shapes: dict[str, Any]) -> tuple[int | None, ...]:
        return (shapes[self.names[0]][0][0], self.width)

    def get_config(self) -> dict[str, Any]:
        mine = {"width": self.width, "names": self.names, "dropout": self.dropout}
        return {**super().get_config(), **mine}


def pooled(tokens: list[tuple[Any, Any]]) -> Any:
    """The mean token of each modality: ``[(tokens [B, T, D], mask [B, T]), …] → [B, M, D]``."""
    return ops.stack([masked_mean(x, mask) for x, mask in tokens], axis=1)


def shares(logits: Any) -> Any:
    """Softmax over the modalities, the last axis; of one alone it is 1, where Keras would warn."""
    return ops.softmax(logits) if logits.shape[-1] > 1 else ops.ones_like(logits)


def side_by_side(vectors: Any) -> Any:
    """``[B, M, D] → [B, M · D]``."""
    return ops.reshape(vectors, (-1, vectors.shape[1] * vectors.shape[2]))
