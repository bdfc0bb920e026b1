"""GRU and LSTM over places: the contract; what they compute is compared in tests/layers/test_recurrent.py."""

import numpy as np
import pytest

from contracts import SequenceContract
from contracts.samples import random
from tfmmrec.encoders.sequences import GRU, LSTM


class TestGRU(SequenceContract):
    component = GRU


class TestLSTM(SequenceContract):
    component = LSTM
    settings = {"bidirectional": False}
    layers = 1


@pytest.mark.parametrize("both", [True, False])
def test_one_direction_knows_no_later_place(both):
    layer, mask = GRU(8, 4, bidirectional=both), np.ones((1, 4), bool)
    x = random(1, 4, 8)
    before, _ = layer(x, mask)
    x[0, 2] += 1
    after, _ = layer(x, mask)
    moved = np.abs(np.asarray(after - before))[0].max(axis=-1) > 1e-6
    assert moved.tolist() == [both, both, True, True]
