"""Attention over all tokens: the contract, and one value by hand."""

import numpy as np

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, tokens_of
from fusion.by_hand import dense, flat, means, norm, sigmoid
from tfmmrec.fusion import Attention


class TestAttention(FusionContract):
    component = Attention


def test_by_hand():
    fusion, tokens = TestAttention.built(), tokens_of(4)
    query = dense(fusion.query, flat(means(tokens)))
    fused = run(fusion, tokens)
    for row in range(4):
        keys = np.concatenate(
            [
                tokens[name][0][row][tokens[name][1][row]] + np.asarray(fusion.kind)[m]
                for m, name in enumerate(NAMES)
            ]
        )
        asked = np.concatenate([np.tile(query[row], (len(keys), 1)), keys], axis=1)
        score = sigmoid(dense(fusion.score, asked))
        read = (score / score.sum() * dense(fusion.value, keys)).sum(axis=0)
        np.testing.assert_allclose(fused[row], norm(query[row] + read), rtol=1e-4, atol=1e-5)
