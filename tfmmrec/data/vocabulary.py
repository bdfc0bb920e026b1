"""What preparation learnt from the training rows: the numbers a model is built from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

State = dict[str, Any]


def ids_sha256(items: Iterable[str], users: Iterable[str]) -> str:
    """A hash of ids in the order that numbers them: of what the rows of the catalogue and of tables are."""
    digest = hashlib.sha256()
    for ids in (items, users):
        for one in ids:
            name = one.encode()
            digest.update(b"%d:%s," % (len(name), name))  # no two lists read the same
        digest.update(b";")
    return digest.hexdigest()


@dataclass(frozen=True)
class Vocabulary:
    """States of features and tasks, and the size of the catalogue.

    Attributes:
        features: side → feature name → state; see `tfmmrec.modalities.Modality`.
        tasks: task name → state.
        items: rows of the catalogue.
        trained_items: rows ``[0, trained_items)`` have a training event; the others were never trained on.
        trained_pairs: of a user and an item that met in training, each counted once.
        trained_sha256: `ids_sha256` of the trained items and, where there are users, of the trained users;
            ``""`` where it is not known.
        folder: the data folder, with the files that weights start from, in this process alone: it is no part
            of what is written, so that data and runs can be moved.
    """

    features: dict[str, dict[str, State]]
    tasks: dict[str, State]
    items: int
    trained_items: int
    trained_pairs: int = 0
    trained_sha256: str = ""
    folder: str | None = field(default=None, compare=False)

    def check_rows(self, prepared: Vocabulary) -> None:
        """Checks that in prepared data rows and numbers stand for what they do in a model of this vocabulary.

        Args:
            prepared: the vocabulary of the data. Where either does not know its ids, nothing is checked.

        Raises:
            ValueError: other items or users are trained on there, or the same in another order.
        """
        mine, theirs = self.trained_sha256, prepared.trained_sha256
        if mine and theirs and mine != theirs:
            raise ValueError(
                "The model was built for data that were prepared otherwise: other items or users are trained "
                "on there, or the same in another order, so that it would take items for one another and be "
                "asked about events that it learnt from. Give the data that it was trained on, or load them "
                "from the same tables with the same split, cold_items and seed."
            )

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
