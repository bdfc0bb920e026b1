"""What preparation learnt from the training rows: the numbers a model is built from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
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
        trained_pairs: of a user and an item that met in training, each counted once.
        folder: the data folder, with the files that weights start from, in this process alone: it is no part
            of what is written, so that data and runs can be moved.
    """

    features: dict[str, dict[str, State]]
    tasks: dict[str, State]
    items: int
    trained_items: int
    trained_pairs: int = 0
    folder: str | None = field(default=None, compare=False)

    def sizes(self) -> Vocabulary:
        """Without the terms, and with the folder of files: all that a model is made from."""
        without = self._without("terms")
        for named in without.features.values():
            for state in named.values():
                if isinstance(state.get("start"), dict):
                    state["start"] = {**state["start"], "folder": self.folder}
        return without

    def learnt(self) -> Vocabulary:
        """Without what weights start from either: all that a model with weights of its own is made from."""
        return self._without("terms", "start")

    def _without(self, *keys: str) -> Vocabulary:
        def small(state: State) -> State:
            return {key: value for key, value in state.items() if key not in keys}

        features = {side: {n: small(s) for n, s in named.items()} for side, named in self.features.items()}
        tasks = {name: small(state) for name, state in self.tasks.items()}
        return replace(self, features=features, tasks=tasks)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        plain = asdict(self)
        del plain["folder"]
        return plain

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Vocabulary:
        """The way back from `to_dict`."""
        return cls(**plain)
