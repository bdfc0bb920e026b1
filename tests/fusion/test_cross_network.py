"""Cross layers over modalities: the contract, and one value by hand."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from fusion.by_hand import dense, flat, means, norm
from tfmmrec.fusion import CrossNetwork


class TestCrossNetwork(FusionContract):
    component = CrossNetwork


def test_by_hand():
    fusion, tokens = TestCrossNetwork.built(), tokens_of(4)
    first = x = flat(means(tokens))
    for cross in fusion.crosses:
        x = first * dense(cross.mix, x) + x
    np.testing.assert_allclose(run(fusion, tokens), norm(dense(fusion.projection, x)), rtol=1e-4, atol=1e-5)


def test_without_a_layer_it_is_another_fusion():
    with pytest.raises(ValueError, match="1 layer or more, got layers=0; Concat has none"):
        CrossNetwork(WIDTH, NAMES, layers=0)
