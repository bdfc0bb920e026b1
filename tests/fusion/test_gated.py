"""Gated multimodal units: the contract, and one value by hand."""

import numpy as np

from backends import run
from contracts import FusionContract
from contracts.samples import tokens_of
from fusion.by_hand import dense, flat, means, sigmoid
from tfmmrec.fusion import Gated


class TestGated(FusionContract):
    component = Gated


def test_by_hand():
    fusion, tokens = TestGated.built(), tokens_of(4)
    x, kernel = means(tokens), np.asarray(fusion.kernel)
    gates = sigmoid(dense(fusion.gate, flat(x))).reshape(x.shape)
    expected = sum(gates[:, m] * np.tanh(x[:, m] @ kernel[m]) for m in range(3))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)


def test_a_closed_gate_lets_nothing_through():
    fusion, tokens = TestGated.built(), tokens_of(4)
    fusion.gate.bias.assign(np.repeat([0, -1e4, 0], 8))
    fused = run(fusion, tokens)
    fusion.kernel.assign(np.asarray(fusion.kernel) * np.asarray([1, 5, 1])[:, None, None])
    np.testing.assert_allclose(run(fusion, tokens), fused, atol=1e-6)
