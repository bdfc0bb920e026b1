"""An export, asked from Python in this process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.members import suggestion
from tfmmrec.serving.requests import to_answers, to_tensors


class Served:
    """Loads an export and answers as TensorFlow Serving would.

    Every method takes one question, and returns one dict; or a batch (a list where one question has a value,
    a list of lists where it has a list), and returns a list of dicts. Padding is added to requests and cut
    from answers. Raw content is given by the names of the inputs, as in ``item_title="…"`` or
    ``history_device=[…]``; `inputs` lists them.

    Args:
        folder: ``savedmodels/demo``, whose highest version is taken, or one version, ``savedmodels/demo/1``.

    Attributes:
        folder: of the version.
        about: what the export says of itself: schema, conventions, items, versions.

    Raises:
        ValueError: there is no export.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = _version(Path(folder))
        import tensorflow as tf

        self._model = tf.saved_model.load(str(self.folder))
        about = self.folder / "assets.extra" / "about.json"
        self.about: dict[str, Any] = json.loads(about.read_text("utf-8")) if about.is_file() else {}

    def inputs(self, signature: str) -> list[str]:
        """The inputs of a signature, by name.

        Raises:
            ValueError: there is no such signature.
        """
        return sorted(self._signature(signature).structured_input_signature[1])

    def recommend(
        self,
        user_id: Any = None,
        history: Any = None,
        k: Any = 10,
        exclude: Any = None,
        exclude_seen: Any = True,
        **raw: Any,
    ) -> Any:
        """The best items for a user: ``item_id``, ``score`` and every task's predictions, best first.

        Args:
            user_id: a known user; None for one known by `history` alone.
            history: ids of the items he or she met, oldest first; takes the place of what is stored.
            k: how many.
            exclude: ids that must not be among them.
            exclude_seen: whether items of the history must not be among them.
            raw: ``history_time``, ``history_<feature>``, ``user_<feature>``.

        Raises:
            ValueError: an argument there is not, one of another kind, or a user nothing is known of.
        """
        given = {"k": k, "exclude": exclude, "exclude_seen": exclude_seen}
        return self._ask("recommend", {"user_id": user_id, "history": history, **given, **raw})

    def rank(self, candidate: Any = None, user_id: Any = None, history: Any = None, **raw: Any) -> Any:
        """Scores and every task's predictions of candidates, in their order; NaN for an unknown one.

        Args:
            candidate: ids of items.
            user_id, history: as in `recommend`; none where the model was trained without users.
            raw: as in `recommend`, and ``item_<feature>`` of one item that is not in the catalogue, whose
                answers are named ``new_item_…``.

        Raises:
            ValueError: as in `recommend`.
        """
        who = {"user_id": user_id, "history": history}
        if not self._has_users:
            who = {name: value for name, value in who.items() if value is not None}
        return self._ask("rank", {"candidate": candidate, **who, **raw})

    def similar_items(self, item_id: Any = None, k: Any = 10, **raw: Any) -> Any:
        """The nearest items to an item: ``item_id`` and ``score``, a cosine; never the item itself.

        Args:
            item_id: an item of the catalogue; None for one described by `raw` alone.
            k: how many.
            raw: ``item_<feature>``.

        Raises:
            ValueError: as in `recommend`, or an item that is neither known nor described.
        """
        return self._ask("similar_items", {"item_id": item_id, "k": k, **raw})

    def encode_user(self, user_id: Any = None, history: Any = None, **raw: Any) -> Any:
        """``vector``, float32 ``[D]``: its product with an item's vector is the item's score.

        Arguments and errors are those of `recommend`.
        """
        return self._ask("encode_user", {"user_id": user_id, "history": history, **raw})

    def encode_item(self, item_id: Any = None, **raw: Any) -> Any:
        """``vector``, float32 ``[D]``, of an item of the catalogue or of one that is described.

        Arguments and errors are those of `similar_items`.
        """
        return self._ask("encode_item", {"item_id": item_id, **raw})

    @property
    def _has_users(self) -> bool:
        return "encode_user" in self._model.signatures

    def _signature(self, name: str) -> Any:
        there = self._model.signatures
        if name not in there:
            why = ""
            if not self._has_users and name in ("recommend", "encode_user"):
                why = " Its model was trained without users; `rank` judges items."
            elif name == "recommend":
                why = " Its model has no task that ranks the catalogue: train one with NextItem or Match."
            raise ValueError(f"This export does not answer {name!r}.{why}{suggestion(name, there)}")
        return there[name]

    def _ask(self, name: str, arguments: dict[str, Any]) -> Any:
        import tensorflow as tf

        signature = self._signature(name)
        specs = signature.structured_input_signature[1]
        for argument in arguments:
            if argument not in specs:
                why = "" if self._has_users else " Its model was trained without users."
                why = why if argument in ("user_id", "history") else ""
                raise ValueError(f"{name} takes no {argument!r}.{why}{suggestion(argument, specs)}")
        tensors, single = to_tensors(arguments, specs)
        self._check_known(name, tensors)
        try:
            outputs = signature(**tensors)
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(
                "The request cannot be answered; is every medium the bytes of a whole file? "
                f"{error.message[:300]}"
            ) from error
        answers = [_trimmed(answer) for answer in to_answers(outputs)]
        if "candidate" in tensors:
            self._cut_candidates(answers, tensors["candidate"].numpy(), set(outputs))
        return answers[0] if single else answers

    def _check_known(self, name: str, tensors: dict[str, Any]) -> None:
        """Refuses a user or an item of which nothing is known: the graph would answer for anybody."""
        if not {"user_id", "item_id"} & set(tensors):
            return  # items are judged, for nobody
        about_user = "user_id" in tensors
        asked, prefix = ("user_id", ("user_", "history")) if about_user else ("item_id", ("item_",))
        ids = tensors[asked].numpy()
        knows = self._model.knows_user if about_user else self._model.knows_item
        described = np.zeros(len(ids), bool)
        for key, tensor in tensors.items():
            if key != asked and key.startswith(prefix):
                values = tensor.numpy()
                given = values != b"" if values.dtype == object else ~np.isnan(values)
                described |= given.reshape(len(ids), -1).any(axis=1)
        unknown = ~described & ~knows(tensors[asked]).numpy()
        if about_user:
            unknown &= ids != b""  # somebody new may come without anything
            if unknown.any():
                raise ValueError(
                    f"User {ids[unknown][0].decode()!r} is not known to this export and brings no history: "
                    "give history=[…], or leave user_id out to be answered as somebody new."
                )
        elif unknown.any():
            raise ValueError(
                f"Item {ids[unknown][0].decode()!r} is not in the catalogue and comes without content: give "
                f"some; {name} takes {', '.join(self.inputs(name))}."
            )

    @staticmethod
    def _cut_candidates(answers: list[dict[str, Any]], candidates: np.ndarray, names: set[str]) -> None:
        """Cuts the padding after each row's last candidate."""
        for answer, ids in zip(answers, candidates, strict=True):
            last = int(np.flatnonzero(ids != b"")[-1]) + 1 if (ids != b"").any() else 0
            for name in names:
                if not name.startswith("new_item_"):
                    answer[name] = answer[name][:last]


def _trimmed(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of items without the padding at its end."""
    if "item_id" not in answer:
        return answer
    found = sum(item != "" for item in answer["item_id"])
    return {name: value[:found] for name, value in answer.items()}


def _version(folder: Path) -> Path:
    """The folder of one version.

    Raises:
        ValueError: there is none.
    """
    if (folder / "saved_model.pb").is_file():
        return folder
    if not folder.is_dir():
        beside = sorted(p.name for p in folder.parent.iterdir()) if folder.parent.is_dir() else []
        near = suggestion(folder.name, beside) if beside else ""
        raise ValueError(f"There is no folder {str(folder)!r}.{near} `tfmmrec export` makes one.")
    versions = [p for p in folder.iterdir() if p.name.isdecimal() and (p / "saved_model.pb").is_file()]
    if not versions:
        raise ValueError(
            f"There is no export in {str(folder)!r}: no saved_model.pb, and no version such as "
            f"{str(folder / '1')!r} that has one."
        )
    return max(versions, key=lambda version: int(version.name))
