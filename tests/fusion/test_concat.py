"""Pooled modalities side by side: the contract, and one value by hand."""

import numpy as np

from backends import run
from contracts import FusionContract
from contracts.samples import tokens_of
from tfmmrec.fusion import Concat


class TestConcat(FusionContract):
    component = Concat


def test_by_hand():
    fusion = TestConcat.built()
    tokens = tokens_of(4)
    means = [np.stack([x[i][m[i]].mean(axis=0) for i in range(4)]) for x, m in tokens.values()]
    kernel, bias, scale = (np.asarray(weight) for weight in fusion.trainable_variables)
    projected = np.concatenate(means, axis=1) @ kernel + bias
    expected = projected / np.sqrt((projected**2).mean(axis=1, keepdims=True) + 1e-6) * scale
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)
