"""What preparation learnt from the training rows: the numbers a model is built from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

State = dict[str, Any]


@dataclass(frozen=True)
class Vocabulary:
    """States of features and tasks, and the size of the catalogue.

    Attributes:
        features: side → feature name → state; see `tfmmrec.modalities.Modality`.
        tasks: task name → state.
        items: rows of the catalogue.
        trained_items: rows ``[0, trained_items)`` have a training event; the others were never trained on.
    """

    features: dict[str, dict[str, State]]
    tasks: dict[str, State]
    items: int
    trained_items: int

    def sizes(self) -> Vocabulary:
        """Without the terms: small, and all that a model needs."""
        features = {side: {n: _small(s) for n, s in named.items()} for side, named in self.features.items()}
        tasks = {name: _small(state) for name, state in self.tasks.items()}
        return Vocabulary(features, tasks, self.items, self.trained_items)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Vocabulary:
        """The way back from `to_dict`."""
        return cls(**plain)


def _small(state: State) -> State:
    return {key: value for key, value in state.items() if key != "terms"}
