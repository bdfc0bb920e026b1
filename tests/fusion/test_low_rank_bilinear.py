"""Low-rank multilinear fusion: the contract, and one value by hand."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from fusion.by_hand import means, norm
from tfmmrec.fusion import LowRankBilinear


class TestLowRankBilinear(FusionContract):
    component = LowRankBilinear


def test_it_is_the_outer_product_under_a_tensor_of_low_rank():
    fusion, tokens = TestLowRankBilinear.built(), tokens_of(4)
    title, poster, price = np.concatenate([means(tokens), np.ones((4, 3, 1))], axis=2).transpose(1, 0, 2)
    outer = np.einsum("bi,bj,bk->bijk", title, poster, price)
    factors = np.concatenate([np.asarray(fusion.kernel), np.asarray(fusion.bias)[:, :, None]], axis=2)
    tensor = np.einsum("r,rie,rje,rke->ijke", np.asarray(fusion.mix), *factors)
    expected = norm(np.einsum("bijk,ijke->be", outer, tensor))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-3, atol=1e-4)


def test_the_rank_is_1_or_more():
    with pytest.raises(ValueError, match="rank must be 1 or more, got 0"):
        LowRankBilinear(WIDTH, NAMES, rank=0)
