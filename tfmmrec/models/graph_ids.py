"""Ids whose vectors come from a graph: what stands in the towers for tables that stand alone."""

from __future__ import annotations

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

    def table(self) -> Any:
        return self.graph({side: table.embeddings.value for side, table in self.tables.items()})[self.side]


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
