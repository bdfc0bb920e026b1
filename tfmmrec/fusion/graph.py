"""A graph between modalities: each node takes in its neighbours by graph convolutions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled, shares, side_by_side


@keras.saving.register_keras_serializable("tfmmrec")
class Graph(Fusion):
    """``X ← X + ReLU(GraphConv(X, A))``, ``GraphConv(X, A) = A X W``; then ``norm(P [X_1; …; X_M])``.

    The nodes are the modalities, ``X_m`` at first the mean of the tokens of modality m (Kipf and
    Welling, 2017). ``A`` ``[M, M]`` is learned, one for each layer: rows are a softmax, and a node
    begins by reading all nodes alike, itself among them. A node keeps what it was (the residual path): with
    nodes that all read the same, `layers` convolutions would make them all alike.

    Args:
        layers: of convolution.
    """

    def __init__(self, width: int, names: list[str], layers: int = 2, **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        if layers < 1:
            raise ValueError(f"Graph needs 1 layer or more, got layers={layers}; Concat has none.")
        self.layers = layers
        self.stack = [keras.layers.Dense(width, use_bias=False, name=f"conv_{i}") for i in range(layers)]
        self.projection = keras.layers.Dense(width, name="projection")
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        count = len(self.names)
        self.edges = self.add_weight(shape=(self.layers, count, count), initializer="zeros", name="edges")
        for layer in self.stack:
            layer.build((None, count, self.width))
        self.projection.build((None, count * self.width))
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        x = pooled(tokens)
        adjacency = ops.cast(shares(self.edges), x.dtype)
        for i, layer in enumerate(self.stack):
            x = x + ops.relu(ops.matmul(adjacency[i], layer(x)))
        return self.norm(self.projection(side_by_side(x)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "layers": self.layers}
