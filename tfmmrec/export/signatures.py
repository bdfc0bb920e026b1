"""The signatures of an export: what a served model answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from keras import ops

from tfmmrec import retrieval
from tfmmrec.data.dataset import Catalogue
from tfmmrec.export.admission import Admission
from tfmmrec.export.conventions import Names, heads
from tfmmrec.export.filters import Filters
from tfmmrec.export.item_reader import ItemReader
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.reordering import CANDIDATES, Reordering
from tfmmrec.export.search import Search, SearchVectors, widened
from tfmmrec.export.similar_users import SimilarUsers, states_of
from tfmmrec.export.stored_users import StoredUsers
from tfmmrec.export.user_reader import UserReader
from tfmmrec.members import chosen, find, make
from tfmmrec.modalities.lookup import lookup
from tfmmrec.models import Recommender
from tfmmrec.retrieval import Index
from tfmmrec.retrieval.index import rows_of

Tensors = dict[str, Any]

_ASKED = 512
"""Known users, at most, that an index is tuned by."""


class Signatures:
    """A model, its catalogue and maybe its users as TensorFlow functions; see `CONVENTIONS`.

    ``recommend``: user, ``k``, ``exclude``, ``exclude_seen``, ``allow``, ``filter_<feature>``, ``diversity``,
    ``weight_<output>`` → ``item_id``, ``score``, ``<task>``
    ``rank``: user, ``candidate``, one new item's content → ``score``, ``<task>``, ``new_item_score``,
    ``new_item_<task>``
    ``similar_items``: item, ``k`` → ``item_id``, ``score`` (cosine)
    ``search``: ``query_<feature>``, ``k``, ``exclude``, ``allow``, ``filter_<feature>`` → ``item_id``,
    ``score`` (cosine)
    ``similar_users``: user, ``k`` → ``user_id``, ``score`` (cosine)
    ``encode_user``: user → ``vector``
    ``encode_item``: item → ``vector``

    A user is ``user_id``, ``history`` with its ``history_time`` and ``history_<feature>``, and
    ``user_<feature>``; an item is ``item_id`` and ``item_<feature>``.

    A task of classes gives their probabilities ``[B, K, C]`` and, as ``<task>_class``, the likeliest. A
    model without a task that ranks the catalogue has neither ``recommend`` nor a ``score`` to rank by. Where
    ids are all there is to an item, there is no new item. Without users ``rank`` judges items alone, and
    there is no ``encode_user``. Users are similar to those the export knows, and a search needs what an
    alignment taught: without, there are no such signatures.

    Args:
        model: what answers.
        catalogue: the items that can be answered with.
        vectors: float32 ``[N, D]``, of the catalogue's items.
        users: known users, or None.
        index: name of an index, or a dict of its name and settings.
        filters: names of the item features that ``recommend`` filters by; see `checked_filters`.
        candidates: how many items weights and diversity choose from; see `Reordering`.
        search: what items are searched by, or None.

    Attributes:
        resources: the variables and tables an export keeps.
    """

    def __init__(
        self,
        model: Recommender,
        catalogue: Catalogue,
        vectors: np.ndarray,
        users: KnownUsers | None,
        index: Any,
        filters: Sequence[str] = (),
        candidates: int = CANDIDATES,
        search: SearchVectors | None = None,
    ) -> None:
        import tensorflow as tf

        schema, vocabulary = model.schema, catalogue.vocabulary
        self.model, self.schema = model, schema
        self.heads = {task.name: (task, vocabulary.tasks[task.name]) for task in heads(schema)}
        classified = [name for name, (_, state) in self.heads.items() if state.get("classes")]
        self.names = Names(schema, classified, filters)

        self._find, table = lookup(list(catalogue.item_ids), first=1, unknown=0)
        self.ids = tf.Variable(list(catalogue.item_ids), trainable=False, name="item_ids")
        self.vectors = tf.Variable(vectors, trainable=False, name="item_vectors")
        stored = StoredUsers(users, schema) if users is not None and len(users) else None
        self.users: Any = None
        if schema.user_id is not None:
            self.users = UserReader(schema, vocabulary, self.names, self.find, stored)
        self.items = ItemReader(schema, vocabulary, self.names, model.item_tower, model.searched)

        # traced once and called by every signature that asks about a user, or brings an item's content
        of_user = [self.users.specs()] if self.users else None
        self._user_state = tf.function(self._read_user, of_user, autograph=False)
        self._item_content = tf.function(self.items.read, autograph=False)

        self.of_users: Any = None
        asked = None
        if stored and users is not None:
            states = states_of(users, self.users.specs(), lambda request: self._state(request)[0])
            self.of_users = SimilarUsers(users.ids, states, index, stored.find)
            if find(retrieval, Index, chosen(index)["name"]).tuned and schema.retrieval:
                asked = states[np.linspace(0, len(states) - 1, min(len(states), _ASKED)).astype(int)]
        self.index: Index = make(retrieval, Index, index, vectors=self.vectors, queries=asked)
        of_items = Filters(catalogue, filters, self.names)
        self.admission = Admission(self.index, self.vectors, self.find, of_items)
        self.reordering = Reordering(self.names, self.vectors, candidates)
        self.searching: Any = None
        if search is not None:
            self.searching = Search(self.items, search, index, self.find, of_items)

        towers = [model.item_tower, model.user_tower, model.ranker]
        weights = [variable.value for tower in towers if tower for variable in tower.variables]
        self.resources = [table, self.ids, self.vectors, *weights]
        for one in (self.index, self.users, self.items, of_items, self.of_users, self.searching):
            self.resources += one.resources if one else []

    @property
    def measured(self) -> dict[str, dict[str, Any]]:
        """What each index reached, of ``items``, ``search`` and ``users``; see `Index`."""
        there = {"items": self.admission, "search": self.searching, "users": self.of_users}
        return {name: one.index.measured for name, one in there.items() if one}

    def functions(self) -> dict[str, Any]:
        """The signatures by name, as concrete functions."""
        import tensorflow as tf

        user, item = self.users.specs() if self.users else {}, self.items.specs()
        k = {"k": tf.TensorSpec([None], tf.int32, "k")}
        item_id = {"item_id": tf.TensorSpec([None], tf.string, "item_id")}
        candidate = {"candidate": tf.TensorSpec([None, None], tf.string, "candidate")}
        barred = {
            "exclude": tf.TensorSpec([None, None], tf.string, "exclude"),
            "exclude_seen": tf.TensorSpec([None], tf.bool, "exclude_seen"),
        }
        chosen_by = {**self.admission.specs(), **self.reordering.specs()}
        asked: dict[str, tuple[Callable[..., Tensors], Tensors]] = {
            "recommend": (self.recommend, {**user, **k, **barred, **chosen_by}),
            "rank": (self.rank, {**user, **candidate, **item}),
            "similar_items": (self.similar_items, {**item_id, **item, **k}),
            "encode_user": (self.encode_user, user),
            "encode_item": (self.encode_item, {**item_id, **item}),
        }
        if self.schema.retrieval is None:
            del asked["recommend"]
        if self.users is None:
            del asked["encode_user"]
        if self.of_users:
            asked["similar_users"] = (self.similar_users, {**user, **k})
        if self.searching:
            asked["search"] = (self.search, self.searching.specs())
        return {
            name: tf.function(function, autograph=False).get_concrete_function(**specs)
            for name, (function, specs) in asked.items()
        }

    def recommend(self, **request: Any) -> Tensors:
        """The best items for each user of those the request admits, in its order: ``[B, max(k)]``."""
        import tensorflow as tf

        state, seen = self._state(request)
        seen = tf.where(request["exclude_seen"][:, None], seen, -1)
        excluded = tf.concat([self.find(request["exclude"]), seen], axis=1)
        rows, scores = self.admission.search(request, state, self.reordering.wanted(request), excluded)
        rows, scores = self.reordering.order(request, rows, scores, lambda some: self._judge(state, some))
        return {"item_id": self._ids_of(rows), "score": scores, **self._judge(state, rows)}

    def rank(self, **request: Any) -> Tensors:
        """Scores and judgements of each user's candidates ``[B, ?]``, and of one new item ``[B]``."""
        import tensorflow as tf

        state = self._state(request)[0] if self.users else None
        rows = self.find(request["candidate"])
        answer = self._judge(state, rows)
        if self.schema.retrieval is not None:
            scores = tf.einsum("bd,bcd->bc", state, self._vectors_of(rows))
            answer["score"] = _where(rows >= 0, scores)
        if self.items.specs():
            given, vector = self._content(request, tf.fill(tf.shape(request["candidate"])[:1], ""))
            about = self._predict(state, vector[:, None], given[:, None])
            if self.schema.retrieval is not None:
                about["score"] = _where(given[:, None], tf.reduce_sum(state * vector, 1, keepdims=True))
            answer |= {self.names.new_item[name]: value[:, 0] for name, value in about.items()}
        return answer

    def similar_items(self, **request: Any) -> Tensors:
        """The nearest items of the catalogue to each item, without itself: ``[B, max(k)]``."""
        import tensorflow as tf

        vector, known = self._item(request)
        rows, scores = self.index.search(
            tf.where(known[:, None], vector, 0.0),
            tf.where(known, request["k"], 0),
            self.find(request["item_id"])[:, None],
            cosine=True,
        )
        # a row without an item found nothing, yet the columns stay those of the largest k
        rows, scores = widened(rows, scores, request["k"])
        return {"item_id": self._ids_of(rows), "score": scores}

    def search(self, **request: Any) -> Tensors:
        """The items nearest to what each row looks for, of those it admits: ``[B, max(k)]``."""
        rows, scores = self.searching.find(request)
        return {"item_id": self._ids_of(rows), "score": scores}

    def similar_users(self, **request: Any) -> Tensors:
        """The known users of whom the most alike is known, without the one that is asked about."""
        ids, scores = self.of_users.find(self._state(request)[0], request["k"], request["user_id"])
        return {"user_id": ids, "score": scores}

    def encode_user(self, **request: Any) -> Tensors:
        """What is known of each user, ``[B, D]``: its product with an item's vector is the item's score."""
        return {"vector": self._state(request)[0]}

    def encode_item(self, **request: Any) -> Tensors:
        """Each item's vector ``[B, D]``: of its content, else the stored one, else NaN."""
        vector, known = self._item(request)
        return {"vector": _where(known, vector)}

    def find(self, ids: Any) -> Any:
        """Strings → int32 rows of the catalogue; −1 where there is no such item."""
        return self._find(ids) - 1

    def knows_item(self, ids: Any) -> Any:
        """bool, in the shape of `ids`: what is in the catalogue."""
        return self.find(ids) >= 0

    def _read_user(self, request: Tensors) -> tuple[Any, Any]:
        import tensorflow as tf

        inputs, count, seen = self.users.read(request)
        inputs["history.vector"] = self._vectors_of(inputs["history.item"])
        tower: Any = self.model.user_tower
        states = tower({name: inputs[name] for name in tower.input}, training=False)
        states = tf.cast(states, tf.float32)
        return tf.gather(states, count, batch_dims=1) if self.schema.ordered else states[:, 0], seen

    def _state(self, request: Tensors) -> tuple[Any, Any]:
        """What is known of each user ``[B, D]``, and the rows of the items he or she has seen ``[B, ?]``."""
        return self._user_state({name: request[name] for name in self.users.specs()})

    def _content(self, request: Tensors, item_id: Any) -> tuple[Any, Any]:
        """See `ItemReader.read`."""
        return self._item_content({name: request[name] for name in self.items.specs()}, item_id)

    def _item(self, request: Tensors) -> tuple[Any, Any]:
        """Vectors ``[B, D]`` by content or by id, and which rows have one."""
        import tensorflow as tf

        given, vector = self._content(request, request["item_id"])
        row = self.find(request["item_id"])
        return tf.where(given[:, None], vector, self._vectors_of(row)), given | (row >= 0)

    def _judge(self, state: Any, rows: Any) -> Tensors:
        """Every head's answers about items of the catalogue, rows ``[B, K]``."""
        return self._predict(state, self._vectors_of(rows), rows >= 0)

    def _predict(self, state: Any, candidates: Any, there: Any) -> Tensors:
        """Every head's answers about candidates ``[B, K, D]``, padded where there are none."""
        import tensorflow as tf

        if self.model.ranker is None:
            return {}
        states = {} if state is None else {"states": state[:, None]}
        outputs = self.model.ranker({**states, "candidates": candidates}, training=False)
        answers = {}
        for name, (task, vocabulary) in self.heads.items():
            prediction = tf.cast(task.predict(outputs[name], vocabulary), tf.float32)
            answers[self.names.outputs[name]] = _where(there, prediction)
            if name in self.names.classes:
                classes = tf.constant(vocabulary["classes"])
                likeliest = tf.gather(classes, ops.argmax(prediction, axis=-1))
                answers[self.names.classes[name]] = tf.where(there, likeliest, "")
        return answers

    def _vectors_of(self, rows: Any) -> Any:
        """Vectors ``[…, D]`` of rows; of row 0 for −1, which whoever asks leaves out."""
        import tensorflow as tf

        return rows_of(self.vectors, tf.maximum(rows, 0))

    def _ids_of(self, rows: Any) -> Any:
        import tensorflow as tf

        return tf.where(rows >= 0, tf.gather(self.ids, tf.maximum(rows, 0)), "")


def _where(there: Any, values: Any) -> Any:
    """Values ``[*there, …]``, NaN where there is nothing."""
    import tensorflow as tf

    shape = tf.concat([tf.shape(there), tf.ones([len(values.shape) - len(there.shape)], tf.int32)], axis=0)
    return tf.where(tf.reshape(there, shape), values, float("nan"))
