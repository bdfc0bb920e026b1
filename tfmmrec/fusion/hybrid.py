"""The hybrid architecture: a serial and a parallel branch, joined."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, Tokens
from tfmmrec.members import chosen, make


@keras.saving.register_keras_serializable("tfmmrec")
class Hybrid(Fusion):
    """``norm(W [serial(tokens); parallel(tokens)])``: what came one by one, beside what came all at once.

    Args:
        serial: a fusion's name, or a dict of its ``name`` and settings.
        parallel: likewise.
    """

    def __init__(
        self, width: int, names: list[str], serial: Any = "serial", parallel: Any = "concat", **kwargs: Any
    ) -> None:
        from tfmmrec import fusion as fusions  # the family, of which this file is a part

        super().__init__(width, names, **kwargs)
        self.choices = {"serial": serial, "parallel": parallel}
        self.branches = [
            make(
                fusions,
                Fusion,
                {"dropout": self.dropout, **chosen(choice)},
                width=width,
                names=self.names,
                dtype=self.dtype_policy,
                name=name,
            )
            for name, choice in self.choices.items()
        ]
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        for branch in self.branches:
            branch.build()
        self.projection.build((None, 2 * self.width))
        self.norm.build((None, self.width))

    def call(
        self, tokens: Tokens, present: dict[str, Any] | None = None, training: bool | None = None
    ) -> Any:
        both = [branch(tokens, present, training=training) for branch in self.branches]
        return self.norm(self.projection(ops.concatenate(both, axis=-1)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.choices}
