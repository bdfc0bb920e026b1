"""A multilayer perceptron over modalities: the contract, and one value by hand."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from fusion.by_hand import dense, flat, means, norm, silu
from tfmmrec.fusion import MLP


class TestMLP(FusionContract):
    component = MLP
    settings = {"layers": 2, "hidden": 12}


def test_by_hand():
    fusion, tokens = TestMLP.built(), tokens_of(4)
    first, second = fusion.stack
    expected = norm(dense(fusion.projection, silu(dense(second, silu(dense(first, flat(means(tokens))))))))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)


def test_without_a_hidden_layer_it_is_another_fusion():
    with pytest.raises(ValueError, match="1 hidden layer or more, got layers=0; Concat has none"):
        MLP(WIDTH, NAMES, layers=0)
