"""A graph over the catalogue: tables of ids in, tables that hold something of the neighbours out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras

from tfmmrec.data.dataset import Data
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.schema import Schema


class Graph(keras.layers.Layer):
    """Abstract: ``{side: [N, D]} → {side: [N, D]}``, the tables of ids and what stands in their place.

    An id is then a row of what the graph makes of all tables, in training, evaluation and export alike. Row 0
    of a table is no id, and nobody's neighbour. What is whose neighbour is no weight that is learned: it
    stands in variables that `connect` fills from the events of training before a training begins.

    A subclass implements `propagate` and `connect`, makes its layers in ``__init__`` and their weights in
    `build`.

    Args:
        width: D.
        sizes: side → N, the rows of its table: ``"item"``, and ``"user"`` where users have an id.
        pairs: of user and item that met in training, at most.
        layers: of propagation.

    Raises:
        ValueError: there is no layer.
    """

    def __init__(self, width: int, sizes: dict[str, int], pairs: int, layers: int = 1, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})  # sums over many neighbours
        if layers < 1:
            raise ValueError(f"{type(self).__name__}: layers must be 1 or more, got {layers}.")
        self.width, self.sizes, self.pairs, self.layers = width, dict(sizes), pairs, layers
        self._held = _Held()

    def check(self, schema: Schema, vocabulary: Vocabulary) -> None:
        """Raises ValueError where the graph does not fit the schema, or what was prepared."""

    def connect(self, data: Data) -> None:
        """Learns who is whose neighbour, from events of training and features of the items alone.

        Raises:
            ValueError: the graph was made for other data.
        """
        raise NotImplementedError

    def propagate(self, tables: dict[str, Any]) -> dict[str, Any]:
        """The tables that change: side ``[N, D] → [N, D]``."""
        raise NotImplementedError

    def call(self, tables: dict[str, Any]) -> dict[str, Any]:
        if self._held.tables is not None:
            return self._held.tables
        found = {**tables, **self.propagate(tables)}
        if self._held.holding:
            self._held.tables = found
        return found

    @contextmanager
    def once(self) -> Iterator[None]:
        """Inside, the tables are propagated once, however many ask for them: they must stay the same."""
        self._held.holding = True
        try:
            yield
        finally:
            self._held.holding, self._held.tables = False, None

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> dict[str, Any]:
        return dict(shapes)

    def get_config(self) -> dict[str, Any]:
        names = ("width", "sizes", "pairs", "layers")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


class _Held:
    """Tables of the call that is being made; no state of the layer, which Keras would track."""

    holding = False
    tables: dict[str, Any] | None = None
