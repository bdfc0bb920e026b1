"""The Transformer over places: the contract, and positions."""

import numpy as np

from contracts import SequenceContract
from contracts.samples import random
from tfmmrec.encoders.sequences import Transformer


class TestTransformer(SequenceContract):
    component = Transformer
    layers = 1


def test_without_blocks_it_adds_positions_by_hand():
    layer = Transformer(8, 3, layers=0)
    x, mask = random(2, 3, 8), np.asarray([[True, True, False], [True, True, True]])
    tokens, _ = layer(x, mask)
    position = np.asarray(layer.position)
    np.testing.assert_allclose(np.asarray(tokens)[mask], (x + position)[mask], rtol=1e-6)
    assert 0.02 < position.std() < 0.1
