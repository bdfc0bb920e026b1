"""Pooled modalities joined by one formula: the contract, and values by hand."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import tokens_of
from fusion.by_hand import flat, means, norm
from tfmmrec.fusion import Concat, Max, Mean, Sum, WeightedConcat, WeightedSum


class TestSum(FusionContract):
    component = Sum


class TestMean(FusionContract):
    component = Mean


class TestMax(FusionContract):
    component = Max
    chooses = True


class TestWeightedSum(FusionContract):
    component = WeightedSum


class TestConcat(FusionContract):
    component = Concat


class TestWeightedConcat(FusionContract):
    component = WeightedConcat


WEIGHTS = np.asarray([0.5, 0.3, 0.2], "float32")


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (TestSum, lambda x: x.sum(axis=1)),
        (TestMean, lambda x: x.sum(axis=1) / 3),
        (TestMax, lambda x: x.max(axis=1)),
        (TestWeightedSum, lambda x: (x * WEIGHTS[:, None]).sum(axis=1)),
    ],
)
def test_by_hand(contract, expected):
    fusion, tokens = contract.built(), tokens_of(4)
    if contract is TestWeightedSum:
        np.testing.assert_allclose(run(fusion, tokens), means(tokens).mean(axis=1), rtol=1e-5, atol=1e-6)
        fusion.logits.assign(np.log(WEIGHTS))
    np.testing.assert_allclose(run(fusion, tokens), expected(means(tokens)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("contract", [TestConcat, TestWeightedConcat])
def test_side_by_side_by_hand(contract):
    fusion, tokens = contract.built(), tokens_of(4)
    x = means(tokens)
    if contract is TestWeightedConcat:
        fusion.logits.assign(np.log(WEIGHTS))
        x = x * WEIGHTS[:, None]
    expected = norm(flat(x) @ np.asarray(fusion.projection.kernel))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)
