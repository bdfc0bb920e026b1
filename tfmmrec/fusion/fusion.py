"""From the tokens of several modalities to one vector."""

from __future__ import annotations

from typing import Any

import keras

Tokens = dict[str, tuple[Any, Any]]
"""Modality name → ``(tokens [B, T, D], mask [B, T])``; every row has a token in every modality."""


class Fusion(keras.layers.Layer):
    """Abstract: ``Tokens → [B, D]``.

    A missing modality comes as its learned missing token. What stands under a False mask must not change
    the result. A subclass implements `fuse` and adds its layers in ``__init__`` and weights in `build`.

    Args:
        width: D.
        names: the modalities, in the order they are given.
        dropout: the share of values that its layers hide in training, where it has such layers.
    """

    def __init__(self, width: int, names: list[str], dropout: float = 0.1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.names, self.dropout = width, list(names), dropout

    def call(self, tokens: Tokens, training: bool | None = None) -> Any:
        return self.fuse([tokens[name] for name in self.names], training)

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        """``[(tokens [B, T, D], mask [B, T]), …] → [B, D]``."""
        raise NotImplementedError

    def compute_output_shape(self, shapes: dict[str, Any]) -> tuple[int | None, ...]:
        return (shapes[self.names[0]][0][0], self.width)

    def get_config(self) -> dict[str, Any]:
        mine = {"width": self.width, "names": self.names, "dropout": self.dropout}
        return {**super().get_config(), **mine}
