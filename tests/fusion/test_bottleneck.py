"""Attention bottlenecks: the contract, and that modalities meet in the bottleneck alone."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from fusion.by_hand import dense, flat, means, norm
from tfmmrec.fusion import Bottleneck


class TestBottleneck(FusionContract):
    component = Bottleneck
    settings = {"heads": 2, "tokens": 2}


def test_without_layers_by_hand():
    fusion = Bottleneck(WIDTH, NAMES, layers=0)
    fusion.build()
    tokens = tokens_of(4)
    first = dense(fusion.start, means(tokens)).reshape(4, 3, -1, WIDTH) + np.asarray(fusion.between)
    between = first.mean(axis=(1, 2))
    expected = norm(dense(fusion.projection, np.concatenate([flat(means(tokens))] * 2 + [between], axis=1)))
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_what_a_modality_reads_of_another_takes_two_layers(layers):
    fusion = Bottleneck(WIDTH, NAMES, layers=layers, heads=2, tokens=2)
    fusion.build()
    kernel = np.asarray(fusion.projection.kernel).copy()
    kernel[: 3 * WIDTH] = kernel[4 * WIDTH :] = 0  # only title's own tokens are heard, not the bottleneck
    fusion.projection.kernel.assign(kernel)
    tokens = tokens_of(4)
    x, mask = tokens["poster"]
    apart = np.abs(run(fusion, {**tokens, "poster": (x + 1, mask)}) - run(fusion, tokens)).max()
    assert apart == 0 if layers == 1 else apart > 1e-5


def test_there_must_be_a_bottleneck():
    with pytest.raises(ValueError, match="1 bottleneck token or more, got tokens=0"):
        Bottleneck(WIDTH, NAMES, tokens=0)
