"""A training step as tasks see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from keras import ops

from tfmmrec.losses import against_sample


@dataclass
class ModelStep:
    """A step of training by a whole model; see `tfmmrec.tasks.Step`.

    Attributes:
        model: which.
        x: the batch's inputs, by name.
        outputs: the model's.
    """

    model: Any
    x: dict[str, Any]
    outputs: dict[str, Any]

    @property
    def states(self) -> Any:
        return self.outputs["states"]

    @property
    def candidates(self) -> Any:
        return self.outputs["candidates"]

    @property
    def items(self) -> int:
        return self.model.vocabulary.trained_items

    def sample(self, target: Any, states: Any) -> tuple[Any, Any, Any]:
        width, x = self.model.width, self.x
        return against_sample(
            ops.reshape(states, (-1, width)),
            ops.reshape(target, (-1,)),
            ops.reshape(self.candidates, (-1, width)),
            x["item.row"],
            self.outputs["items"],
            x["item.log_q"],
        )

    def softmax(self, target: Any, weight: Any, states: Any) -> Any:
        width = self.model.width
        batch = {
            "rows": self.x["item.row"],
            "log_q": self.x["item.log_q"],
            "vectors": self.outputs["items"],
            "targets": ops.reshape(self.candidates, (-1, width)),
        }
        hidden = ops.reshape(states, (-1, width))
        target, weight = ops.reshape(target, (-1,)), ops.reshape(weight, (-1,))
        return self.model.item_vectors.softmax(hidden, target, weight, batch, self.model.identity_table)
