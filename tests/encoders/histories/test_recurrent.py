"""GRU and LSTM over events: the contract; what they compute is compared in tests/layers/test_recurrent.py."""

import numpy as np

from backends import run
from contracts import HistoryContract
from contracts.history import given
from tfmmrec.encoders.histories import GRU, LSTM, UNKNOWN


class TestGRU(HistoryContract):
    component = GRU


class TestLSTM(HistoryContract):
    component = LSTM
    layers = 1


def test_a_state_is_its_input_and_the_memory_of_one_window_by_hand():
    layer, (events, window, time, _) = TestLSTM.built(), given()
    states = run(layer, events, window, time)
    before = np.pad(time[:, :-1], ((0, 0), (1, 0)), constant_values=UNKNOWN)
    known = (time >= 0) & (before >= 0)
    bucket = np.where(known, 1 + np.floor(np.log2(1.0 + np.where(known, time - before, 0))), 0).astype(int)
    gaps = np.asarray(layer.gap.embeddings)[bucket]
    x = np.concatenate([np.broadcast_to(np.asarray(layer.start), (4, 1, 8)), events + gaps], axis=1)
    memory = run(lambda x: layer.recurrents[0](layer.norms[0](x), np.ones((4, 6), bool)), x)
    expected = x + memory
    expected /= np.sqrt((expected**2).mean(-1, keepdims=True) + layer.norm.epsilon)
    np.testing.assert_allclose(states[0], expected[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(states[1, :4], expected[1, :4], rtol=1e-4, atol=1e-5)
