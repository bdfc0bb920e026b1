"""The sum of pooled modalities: the contract, and one value by hand."""

import numpy as np

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, random, tokens_of
from tfmmrec.fusion import Sum


class TestSum(FusionContract):
    component = Sum


def test_by_hand():
    fusion = TestSum.built()
    tokens = tokens_of(4)
    means = [np.stack([x[i][m[i]].mean(axis=0) for i in range(4)]) for x, m in tokens.values()]
    np.testing.assert_allclose(run(fusion, tokens), sum(means), rtol=1e-5, atol=1e-6)
    kernels = random(len(NAMES), WIDTH, WIDTH)
    fusion.kernels.assign(kernels)
    expected = sum(mean @ kernel for mean, kernel in zip(means, kernels, strict=True))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)
