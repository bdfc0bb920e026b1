"""The graph of items: each and the k most like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from tfmmrec.data.dataset import Data
from tfmmrec.data.distinct import distinct_pairs
from tfmmrec.data.pairs import trained_pairs
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.graphs.graph import Graph
from tfmmrec.graphs.nearest import by_owners, by_vectors, nearest
from tfmmrec.layers import GraphConv
from tfmmrec.members import suggestion
from tfmmrec.modalities import Tags, Vector
from tfmmrec.schema import Schema

EVENTS = "events"


@keras.saving.register_keras_serializable("tfmmrec")
class KNN(Graph):
    """An item's id takes in those of the k items most like it: ``X + Aˡ X`` (FREEDOM, Zhou 2023).

    ``A`` is frozen (LATTICE, Zhang 2021, learns it anew): a row is of an item and holds its neighbours'
    shares, by their cosines; they add up to 1, or to 0 where an item is like no other. Only items of training
    have ids, and are neighbours. With `learned` a layer is ``X ← X + ReLU(A X W)``, the graph convolution of
    Kipf and Welling (2017).

    Args:
        k: neighbours of an item, for each of `by`.
        by: what items are alike by: ``"events"``, the users that met both in training, or names of item
            features: a Vector's cosines, or common Tags. Of several, the neighbours by each count alike. A
            feature that was prepared may be left out of the model's schema.
        learned: whether each layer has a matrix ``W`` of its own.
        layers: of propagation, l.

    Raises:
        ValueError: k is below 1, or `by` names nothing.
    """

    def __init__(
        self,
        width: int,
        sizes: dict[str, int],
        pairs: int,
        layers: int = 1,
        k: int = 10,
        by: str | Sequence[str] = EVENTS,
        learned: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, sizes, pairs, layers, **kwargs)
        self.k, self.by, self.learned = k, [by] if isinstance(by, str) else list(by), learned
        if k < 1:
            raise ValueError(f"KNN: k is the number of neighbours of an item, 1 or more; got {k}.")
        if not self.by:
            raise ValueError('KNN: by names what items are alike by, such as ["events"]; got nothing.')
        items = sizes["item"]
        self.like = GraphConv(items, items, items * k * len(self.by), dtype="float32", name="like")
        self.dense = [
            keras.layers.Dense(width, use_bias=False, dtype="float32", name=f"dense_{layer}")
            for layer in range(layers if learned else 0)
        ]

    def build(self, *_: Any) -> None:
        self.like.build()
        for layer in self.dense:
            layer.build((None, self.width))

    def check(self, schema: Schema, vocabulary: Vocabulary) -> None:
        known = [EVENTS, *vocabulary.features["item"]]
        for name in self.by:
            if name not in known:
                raise ValueError(
                    f"The graph knn: there is no item feature {name!r} in `by`.{suggestion(name, known)}"
                )

    def connect(self, data: Data) -> None:
        found = [self._neighbours(data, name) for name in self.by]
        item, neighbour, share = (np.concatenate(part) for part in zip(*found, strict=True))
        share = share / np.bincount(item, share, minlength=1)[item]
        self.like.connect(item + 1, neighbour + 1, share)  # ids are numbered by the rows of the catalogue

    def _neighbours(self, data: Data, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Items, their neighbours and shares, which are 1 in all for an item; see `nearest`."""
        items = data.vocabulary.trained_items
        features = {feature.name: feature for feature in data.schema.features("item")}
        if name == EVENTS:
            blocks = by_owners(*trained_pairs(data), items)
        elif isinstance(features.get(name), Vector):
            blocks = by_vectors(data.items[name]["vector"][:items])
        elif isinstance(features.get(name), Tags):
            tags = data.items[name]["tags"][:items]
            row, place = np.nonzero(tags > 1)  # 1 are the unknown ones
            blocks = by_owners(*distinct_pairs(tags[row, place], row, items), items)
        else:
            raise ValueError(
                f"The graph knn finds items alike by {EVENTS!r}, by a Vector or by Tags, and {name!r} is "
                "neither of them."
            )
        item, neighbour, similarity = nearest(blocks, self.k)
        return item, neighbour, similarity / np.bincount(item, similarity, minlength=1)[item]

    def propagate(self, tables: dict[str, Any]) -> dict[str, Any]:
        items = tables["item"]
        if self.learned:
            for layer in self.dense:
                items = items + ops.relu(layer(self.like(items)))
            return {"item": items}
        moved = items
        for _ in range(self.layers):
            moved = self.like(moved)
        return {"item": items + moved}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k, "by": self.by, "learned": self.learned}
