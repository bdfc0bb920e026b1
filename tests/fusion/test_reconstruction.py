"""Reconstruction from the fused vector: the contract, and values by hand."""

import numpy as np
import pytest
from keras import ops

from backends import gradients, run
from contracts import FusionContract
from contracts.samples import NAMES, random, tokens_of
from fusion.by_hand import dense, flat, means, norm, silu
from tfmmrec.fusion import Reconstruction


class TestReconstruction(FusionContract):
    component = Reconstruction


def test_by_hand():
    fusion, tokens = TestReconstruction.built(), tokens_of(4)
    x = means(tokens)
    fused = norm(dense(fusion.projection, silu(dense(fusion.hidden, flat(x)))))
    np.testing.assert_allclose(run(fusion, tokens), fused, rtol=1e-4, atol=1e-5)
    errors = ((x - dense(fusion.decoder, fused).reshape(x.shape)) ** 2).mean(axis=-1)
    present = np.asarray([[1, 1, 1], [1, 0, 1], [0, 0, 0], [0, 1, 1]], bool)
    given = [tokens[name] for name in NAMES]
    added = run(lambda given, here, z: fusion.added_loss(given, here, z), given, present, fused)
    assert added == pytest.approx(0.1 * errors[present].mean(), rel=1e-4)


def test_what_is_to_be_made_again_is_held():
    fusion, tokens = TestReconstruction.built(), tokens_of(4)
    masks = [ops.convert_to_tensor(tokens[name][1]) for name in NAMES]
    fused = ops.convert_to_tensor(random(4, 8))

    def loss(*vectors):
        return fusion.added_loss(list(zip(vectors, masks, strict=True)), np.ones((4, 3), bool), fused)

    _, of_tokens = gradients(loss, [], [tokens[name][0] for name in NAMES])
    assert all(np.abs(gradient).max() == 0 for gradient in of_tokens)
