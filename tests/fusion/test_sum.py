"""The sum of pooled modalities: the contract, and one value by hand."""

import numpy as np

from backends import run
from contracts import FusionContract
from contracts.samples import tokens_of
from tfmmrec.fusion import Sum


class TestSum(FusionContract):
    component = Sum


def test_by_hand():
    tokens = tokens_of(4)
    means = [np.stack([x[i][m[i]].mean(axis=0) for i in range(4)]) for x, m in tokens.values()]
    np.testing.assert_allclose(run(TestSum.built(), tokens), sum(means), rtol=1e-5, atol=1e-6)
