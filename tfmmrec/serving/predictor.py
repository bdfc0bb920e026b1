"""The questions an export answers: the same in this process and over the network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np

from tfmmrec.members import suggestion
from tfmmrec.serving.requests import to_answers, to_arrays
from tfmmrec.serving.signature import Signature


class Predictor(ABC):
    """What `Served` and `Client` share: the questions, and what goes in and comes out.

    Every method takes one question, and returns one dict; or a batch (a list where one question has a value,
    a list of lists where it has a list), and returns a list of dicts. Padding is added to requests and cut
    from answers. Raw content is given by the names of the inputs, as in ``item_title="…"`` or
    ``history_device=[…]``; `inputs` lists them.

    In an answer, names and texts are strings, one number is a float, several are float32 arrays: ``score``
    and ``<task>`` ``[K]``, or ``[K, C]`` for a task of C classes, the likeliest of which are the list of
    strings ``<task>_class``.
    """

    @property
    @abstractmethod
    def signatures(self) -> Mapping[str, Signature]:
        """What can be asked, by name."""

    @abstractmethod
    def _predict(self, name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs ``[B, …]`` of a signature.

        Raises:
            ValueError: the request cannot be answered.
        """

    def inputs(self, signature: str) -> list[str]:
        """The inputs of a signature, by name.

        Raises:
            ValueError: there is no such signature.
        """
        return sorted(self._signature(signature).inputs)

    def recommend(
        self,
        user_id: Any = None,
        history: Any = None,
        k: Any = 10,
        exclude: Any = None,
        exclude_seen: Any = True,
        allow: Any = None,
        diversity: Any = None,
        **raw: Any,
    ) -> Any:
        """The best items for a user: ``item_id``, ``score`` and every task's predictions, best first.

        What each of these does exactly stands in ``about["conventions"]``.

        Args:
            user_id: a known user; None for one known by `history` alone.
            history: ids of the items he or she met, oldest first; takes the place of what is stored.
            k: how many.
            exclude: ids that must not be among them.
            exclude_seen: whether items of the history must not be among them.
            allow: ids of which alone they are chosen; None, or none at all, is every item.
            diversity: from 0, as they are, to 1, as unlike each other as can be.
            raw: ``history_time``, ``history_<feature>``, ``user_<feature>``; ``weight_score`` and
                ``weight_<output>`` of a task, by whose weighted sum the best are ordered; and, of the filters
                the export was made with, ``filter_<feature>``: any of these strings, ``["war", "drama"]``, or
                from … to …, ``[1990, None]``.

        Raises:
            ValueError: an argument there is not, one of another kind, or a user nothing is known of.
        """
        for value in np.asarray([] if diversity is None else diversity, "float64").flat:
            if not 0 <= value <= 1 and not np.isnan(value):
                raise ValueError(f"diversity is a number from 0 to 1, such as 0.3; got {value:g}.")
        given = {"k": k, "exclude": exclude, "exclude_seen": exclude_seen}
        newer = {"allow": allow, "diversity": diversity}  # which an older export does not take
        given |= {name: value for name, value in newer.items() if value is not None}
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

    def search(self, k: Any = 10, exclude: Any = None, allow: Any = None, **raw: Any) -> Any:
        """The items nearest to what is looked for: ``item_id`` and ``score``, a cosine, best first.

        Args:
            k: how many.
            exclude, allow: as in `recommend`.
            raw: ``query_<feature>``, words or the bytes of a picture or a sound, as in
                ``query_title="blue checked shirt"``, one or several; and ``filter_<feature>``, as in
                `recommend`.

        Raises:
            ValueError: as in `recommend`, or nothing to look for.
        """
        return self._ask("search", {"k": k, "exclude": exclude, "allow": allow, **raw})

    def similar_users(self, user_id: Any = None, history: Any = None, k: Any = 10, **raw: Any) -> Any:
        """The known users of whom the most alike is known: ``user_id`` and ``score``, a cosine.

        A user who is asked about is not among them. Other arguments and errors are those of `recommend`.

        Args:
            user_id, history: as in `recommend`.
            k: how many.
            raw: ``history_time``, ``history_<feature>``, ``user_<feature>``.
        """
        return self._ask("similar_users", {"user_id": user_id, "history": history, "k": k, **raw})

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
        return "encode_user" in self.signatures

    def _signature(self, name: str) -> Signature:
        there = self.signatures
        if name not in there:
            why = ""
            if not self._has_users and name in ("recommend", "encode_user", "similar_users"):
                why = " Its model was trained without users; `rank` judges items."
            elif name == "similar_users":
                why = " It knows no users: export with users=KnownUsers.of(data), not --without-users."
            elif name == "search":
                why = (
                    " Its model has no alignment of what items are searched by: train with alignment="
                    "'contrastive' (tfmmrec train --alignment contrastive) and two features of the items or "
                    "more, one of them Text, Image, Audio or Vector, and export again."
                )
            elif name == "recommend":
                why = " Its model has no task that ranks the catalogue: train one with NextItem or Match."
            raise ValueError(f"This export does not answer {name!r}.{why}{suggestion(name, there)}")
        return there[name]

    def _ask(self, name: str, arguments: dict[str, Any]) -> Any:
        inputs = self._signature(name).inputs
        for argument in arguments:
            if argument not in inputs:
                why = "" if self._has_users else " Its model was trained without users."
                why = why if argument in ("user_id", "history") else ""
                if argument.startswith("filter_") and not any(name.startswith("filter_") for name in inputs):
                    why = " This export has no filters: they are declared when it is made."
                raise ValueError(f"{name} takes no {argument!r}.{why}{suggestion(argument, inputs)}")
        arrays, single = to_arrays(arguments, inputs)
        if name == "search":
            check_query(arrays)
        answers = [_trimmed(answer) for answer in to_answers(self._predict(name, arrays))]
        if "candidate" in arrays:
            _cut_candidates(answers, arrays["candidate"])
        return answers[0] if single else answers

    def _unknown_item(self, name: str, item_id: bytes) -> ValueError:
        return ValueError(
            f"Item {item_id.decode(errors='replace')!r} is not in the catalogue and comes without content: "
            f"give some; {name} takes {', '.join(self.inputs(name))}."
        )


def check_query(inputs: Mapping[str, np.ndarray]) -> None:
    """Refuses a search in which a row looks for nothing.

    Raises:
        ValueError: there is such a row.
    """
    queries = {name: values for name, values in inputs.items() if name.startswith("query_")}
    looked_for = np.zeros(len(inputs["k"]), bool)
    for values in queries.values():
        given = values != b"" if values.dtype == object else ~np.isnan(values)
        looked_for |= given.reshape(len(given), -1).any(axis=1)
    if not looked_for.all():
        raise ValueError(f"What is looked for? Give {' or '.join(sorted(queries))}.")


def _trimmed(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer of items or users without the padding at its end."""
    found = next((answer[name] for name in ("item_id", "user_id") if name in answer), None)
    if found is None:
        return answer
    count = sum(one != "" for one in found)
    return {name: value[:count] for name, value in answer.items()}


def _cut_candidates(answers: list[dict[str, Any]], candidates: np.ndarray) -> None:
    """Cuts the padding after each row's last candidate."""
    for answer, ids in zip(answers, candidates, strict=True):
        last = int(np.flatnonzero(ids != b"")[-1]) + 1 if (ids != b"").any() else 0
        for name in answer:
            if not name.startswith("new_item_"):
                answer[name] = answer[name][:last]
