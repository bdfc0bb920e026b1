"""Convolutions over stacked modalities: the contract, and one value by hand."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from fusion.by_hand import dense, means, norm
from tfmmrec.fusion import Convolution


class TestConvolution(FusionContract):
    component = Convolution
    settings = {"filters": 4}


def test_by_hand():
    fusion = Convolution(WIDTH, NAMES, layers=1, filters=2, kernel_size=3)
    fusion.build()
    tokens, conv = tokens_of(4), fusion.stack[0]
    conv.activation = lambda x: x
    signal = np.pad(means(tokens).transpose(0, 2, 1), ((0, 0), (1, 1), (0, 0)))
    kernel = np.asarray(conv.kernel)  # [3 places, 3 modalities, 2 filters]
    seen = np.stack([np.einsum("bkm,kmf->bf", signal[:, d : d + 3], kernel) for d in range(WIDTH)], axis=1)
    expected = norm(dense(fusion.projection, seen.reshape(4, -1)))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)


def test_without_a_layer_it_is_another_fusion():
    with pytest.raises(ValueError, match="1 layer or more, got layers=0; Concat has none"):
        Convolution(WIDTH, NAMES, layers=0)
