"""The graph of users and items: who met what."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfmmrec.data.dataset import Data
from tfmmrec.data.pairs import trained_pairs
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.graphs.graph import Graph
from tfmmrec.graphs.knn import KNN
from tfmmrec.layers import GraphConv
from tfmmrec.modalities import Id
from tfmmrec.schema import Schema


@keras.saving.register_keras_serializable("tfmmrec")
class LightGCN(Graph):
    """Ids of users and items take in those they met: ``mean of X, A X, … Aˡ X`` (LightGCN, He 2020).

    ``A`` links a user and an item that met in training, by ``1 / √(d_u d_i)`` with d how many each met. A
    layer takes users from items and items from users, without weights of its own. It needs the ids of both
    sides, and events without an order (task `Match`): a user's vector knows all that the user met. A user
    unknown to training is the history alone, as without a graph, of items that the graph moved.

    Args:
        layers: of propagation, l.
        neighbours: settings of a `KNN`, such as ``{"k": 10, "by": ["tags"]}``: what it moves the learned ids
            of items by is added to theirs (as in FREEDOM, Zhou 2023, which also leaves out some edges of
            users in training).
    """

    def __init__(
        self,
        width: int,
        sizes: dict[str, int],
        pairs: int,
        layers: int = 2,
        neighbours: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, sizes, pairs, layers, **kwargs)
        self.met = GraphConv(sizes.get("user", 1), sizes["item"], max(pairs, 1), dtype="float32", name="met")
        self.neighbours = None if neighbours is None else dict(neighbours)
        self.knn = None if neighbours is None else KNN(width, sizes, pairs, name="knn", **neighbours)

    def build(self, *_: Any) -> None:
        self.met.build()
        if self.knn is not None:
            self.knn.build()

    def check(self, schema: Schema, vocabulary: Vocabulary) -> None:
        if self.knn is not None:
            self.knn.check(schema, vocabulary)
        if schema.ordered:
            raise ValueError(
                "The graph light_gcn is of users and all they met, so that a state would know what comes "
                "after it: it is for events without an order, the task Match. Take the graph knn, or none."
            )
        if "user" not in self.sizes:
            raise ValueError(
                "The graph light_gcn links users and items by their ids, and the users' is no feature: set "
                "user_identity=True in the schema, or take the graph knn."
            )
        if not vocabulary.trained_pairs:
            raise ValueError(
                "The graph light_gcn has an edge for each pair that met in training, and the vocabulary does "
                "not say how many there are: prepare the data again."
            )

    def connect(self, data: Data) -> None:
        user, row = trained_pairs(data)
        name = next(feature.name for feature in data.schema.features("user") if isinstance(feature, Id))
        user, item = data.users[name]["id"][user], row + 1  # ids are numbered by the rows of the catalogue
        user, item = user[user > 0], item[user > 0]
        degrees = np.bincount(user)[user] * np.bincount(item)[item]
        self.met.connect(user, item, 1 / np.sqrt(degrees))
        if self.knn is not None:
            self.knn.connect(data)

    def propagate(self, tables: dict[str, Any]) -> dict[str, Any]:
        users, items = tables["user"], tables["item"]
        all_users, all_items = users, items
        for _ in range(self.layers):
            users, items = self.met(items), self.met(users, transpose=True)
            all_users, all_items = all_users + users, all_items + items
        share = 1 / (self.layers + 1)
        moved = {"user": share * all_users, "item": share * all_items}
        if self.knn is not None:
            moved["item"] += self.knn.propagate(tables)["item"] - tables["item"]
        return moved

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "neighbours": self.neighbours}
