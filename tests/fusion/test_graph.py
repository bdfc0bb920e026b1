"""A graph between modalities: the contract, and one value by hand."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from fusion.by_hand import dense, flat, means, norm
from tfmmrec.fusion import Graph


class TestGraph(FusionContract):
    component = Graph


def test_by_hand():
    fusion = Graph(WIDTH, NAMES, layers=1)
    fusion.build()
    tokens = tokens_of(4)
    adjacency = np.asarray([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.4, 0.4, 0.2]])
    fusion.edges.assign(np.log(adjacency)[None])
    x, kernel = means(tokens), np.asarray(fusion.stack[0].kernel)
    moved = np.stack([x[i] + np.maximum(adjacency @ x[i] @ kernel, 0) for i in range(4)])
    expected = norm(dense(fusion.projection, flat(moved)))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)


def test_without_a_layer_it_is_another_fusion():
    with pytest.raises(ValueError, match="1 layer or more, got layers=0; Concat has none"):
        Graph(WIDTH, NAMES, layers=0)
