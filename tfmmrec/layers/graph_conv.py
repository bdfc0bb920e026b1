"""Propagation over the edges of a graph: each node is a weighted sum of its neighbours."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("tfmmrec")
class GraphConv(keras.layers.Layer):
    """``A X``, the sum over neighbours of a graph convolution (Kipf and Welling, 2017); A is not learned.

    ``[columns, D] → [rows, D]``, or with `transpose` ``Aᵀ X``: ``[rows, D] → [columns, D]``. A is sparse, its
    entries are variables of a fixed number that no optimizer moves: all zeros until `connect`. They are saved
    with the model.

    Args:
        rows, columns: of A, its nodes on either side.
        edges: entries of A, at most.
    """

    def __init__(self, rows: int, columns: int, edges: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rows, self.columns, self.edges = rows, columns, edges

    def build(self, *_: Any) -> None:
        def kept(name: str, dtype: str) -> Any:
            return self.add_weight((self.edges,), "zeros", dtype, trainable=False, name=name)

        self.row, self.column = kept("row", "int32"), kept("column", "int32")
        self.weight = kept("weight", "float32")

    def connect(self, row: np.ndarray, column: np.ndarray, weight: np.ndarray) -> None:
        """Makes these the entries of A, and all others 0.

        Args:
            row, column: int ``[E]``, where an entry stands; several in one place add up.
            weight: ``[E]``, the entries.

        Raises:
            ValueError: there are more than the layer has room for.
        """
        lacking = self.edges - len(weight)
        if lacking < 0:
            raise ValueError(
                f"The graph was made for {self.edges:,} edges at most, and has {len(weight):,}: build the "
                "model from the vocabulary of the data that it is trained on."
            )
        for variable, values in ((self.row, row), (self.column, column), (self.weight, weight)):
            variable.assign(np.pad(np.asarray(values).astype(variable.dtype), (0, lacking)))

    def call(self, x: Any, transpose: bool = False) -> Any:
        to, of, nodes = self.row, self.column, self.rows
        if transpose:
            to, of, nodes = self.column, self.row, self.columns
        weight = ops.cast(ops.expand_dims(self.weight, 1), x.dtype)
        return ops.segment_sum(weight * ops.take(x, of, axis=0), ops.convert_to_tensor(to), nodes)

    def get_config(self) -> dict[str, Any]:
        sizes = {"rows": self.rows, "columns": self.columns, "edges": self.edges}
        return {**super().get_config(), **sizes}
