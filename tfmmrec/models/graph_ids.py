"""Ids whose vectors come from a graph: what stands in the towers for tables that stand alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tfmmrec import graphs
from tfmmrec.data.vocabulary import Vocabulary
from tfmmrec.graphs import Graph
from tfmmrec.members import make
from tfmmrec.modalities import Id
from tfmmrec.modalities.id import TableEncoder, id_table
from tfmmrec.schema import SIDES, Schema, Side


class GraphEncoder(TableEncoder):
    """An id's row of its side's table as the graph gives it; see `TableEncoder`.

    Args:
        side: whose ids.
        graph: built; the sides share it.
        tables: side → what is learned of its ids; the encoders of all sides share them.
    """

    whole = True

    def __init__(
        self, side: Side, graph: Graph, tables: dict[Side, keras.layers.Embedding], **kwargs: Any
    ) -> None:
        super().__init__(graph.sizes[side], graph.width, embedding=tables[side], **kwargs)
        self.side, self.graph, self.tables = side, graph, tables
        self.lent = _Lent()

    def table(self) -> Any:
        return self.graph({side: table.embeddings.value for side, table in self.tables.items()})[self.side]


class _Lent:
    """What `tower_of` made, compiled for the next time; no part of the layer, which Keras would save."""

    tower: LentTower | None = None


class LentTower(keras.Model):
    """A tower that is given the rows of its ids, the input ``rows`` ``[B, D]``, and does not read them.

    Args:
        tower: of items or users.
        encoder: of its ids.
    """

    def __init__(self, tower: keras.Model, encoder: GraphEncoder) -> None:
        super().__init__(name=f"lent_{tower.name}")
        self.tower, self.encoder = tower, encoder
        self.built = True

    def call(self, inputs: dict[str, Any], training: bool | None = None) -> Any:
        given = dict(inputs)
        self.encoder.read = given.pop("rows")
        try:
            return self.tower(given, training=training)
        finally:
            self.encoder.read = None


def tower_of(model: Any, side: Side) -> Callable[[dict[str, Any]], Any]:
    """A `Recommender`'s tower from arrays to arrays, by the weights as they are now.

    A graph is propagated once, however often it is called.
    """
    tower = model.item_tower if side == "item" else model.user_tower
    tables = {name: one for name, one in model.id_tables.items() if name.startswith(f"{side}.")}
    name, encoder = next(iter(tables.items()), ("", None))
    if not isinstance(encoder, GraphEncoder):
        return lambda inputs: model.forward(tower, inputs)
    model.sync()
    table = keras.ops.convert_to_numpy(encoder.table())
    lent = encoder.lent.tower = encoder.lent.tower or LentTower(tower, encoder)
    ids = name.removeprefix("item.")  # the item tower, which is of one side alone, names its inputs so
    return lambda inputs: model.forward(lent, {**inputs, "rows": table[inputs[ids]]})


def graph_ids(choice: Any, schema: Schema, vocabulary: Vocabulary, width: int) -> dict[Side, GraphEncoder]:
    """The encoders of ids, by side, which share a graph; nothing where no graph is chosen.

    Args:
        choice: of a graph, see `make`; or None.
        schema: what the model reads.
        vocabulary: of the prepared data.
        width: D.

    Raises:
        ValueError: there is no such graph, or it does not fit the schema.
    """
    if choice is None:
        return {}
    ids = {side: one for side in SIDES for one in schema.features(side) if isinstance(one, Id)}
    if "item" not in ids:
        raise ValueError(
            "A graph moves the ids of the items, and these are no feature of the model: set "
            "item_identity=True in the schema, or train without a graph."
        )
    sizes = {side: vocabulary.features[side][one.name]["size"] for side, one in ids.items()}
    graph = make(
        graphs, Graph, choice, width=width, sizes=sizes, pairs=vocabulary.trained_pairs, name="graph"
    )
    graph.check(schema, vocabulary)
    graph.build()
    tables = {side: id_table(size, width) for side, size in sizes.items()}
    encoders = {side: GraphEncoder(side, graph, tables, name=one.name) for side, one in ids.items()}
    for encoder in encoders.values():  # each its own table, before any of them reads all
        encoder.build()
    return encoders


def without_graph(model: Any) -> Any:
    """A `Recommender` with the same answers that needs no graph: its tables hold what the graph gives.

    Of a model without one, itself. So it is exported: a request then reads a row of a table.
    """
    if model.graph is None:
        return model
    model.sync()
    config = {name: value for name, value in model.get_config().items() if name != "graph"}
    plain = type(model).from_config(config)
    parts = [(one.item_tower, one.user_tower, one.ranker, one.item_vectors) for one in (model, plain)]
    for mine, its in zip(*parts, strict=True):
        for layer, copy in zip(_layers(mine), _layers(its), strict=True):
            if isinstance(layer, GraphEncoder):
                copy.embedding.embeddings.assign(layer.table())
            else:
                copy.set_weights(layer.get_weights())
    return plain


def _layers(part: Any) -> list[keras.layers.Layer]:
    """The layers of a tower; a layer alone; nothing of a part that is not there."""
    return [] if part is None else getattr(part, "layers", [part])
