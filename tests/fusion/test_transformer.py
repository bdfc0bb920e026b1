"""The multimodal Transformer: the contract, and what tells modalities apart."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from tfmmrec.fusion import Transformer


class TestTransformer(FusionContract):
    component = Transformer
    settings = {"heads": 2}


def test_without_blocks_by_hand():
    fusion = Transformer(WIDTH, NAMES, layers=0)
    fusion.build()
    tokens = tokens_of(3)
    pooled = [(x * m[..., None]).sum(1) / m.sum(1, keepdims=True) for x, m in (tokens[n] for n in NAMES)]
    query = np.asarray(fusion.query)[0, 0] + np.concatenate(pooled, -1) @ np.asarray(fusion.projection.kernel)
    expected = query / np.sqrt((query**2).mean(-1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(run(fusion, tokens), expected, rtol=1e-3)


def test_the_same_tokens_in_another_modality_mean_another_thing():
    fusion = TestTransformer.built()
    fusion.kind.assign(np.asarray(fusion.kind) * 50)
    x, mask = tokens_of(4)["price"]
    others = {name: (0 * x, mask) for name in NAMES}
    here, there = (run(fusion, {**others, name: (x, mask)}) for name in NAMES[:2])
    assert np.abs(here - there).max() > 1e-3


def test_dropout_is_for_training_alone():
    fusion, tokens = Transformer(WIDTH, NAMES, heads=2, dropout=0.5), tokens_of(4)
    asked = [run(lambda t: fusion(t, training=False), tokens) for _ in range(2)]
    np.testing.assert_array_equal(asked[0], asked[1])
    assert np.abs(run(lambda t: fusion(t, training=True), tokens) - asked[0]).max() > 1e-3


def test_heads_must_share_the_width():
    with pytest.raises(ValueError, match="width must be a multiple of heads, got width=8 and heads=3"):
        Transformer(WIDTH, NAMES, heads=3)
