"""A serial and a parallel branch: the contract, and that it is these two."""

import numpy as np
import pytest

from backends import run
from contracts import FusionContract
from contracts.samples import NAMES, WIDTH, tokens_of
from fusion.by_hand import dense, norm
from tfmmrec.fusion import MLP, Hybrid, Serial


class TestHybrid(FusionContract):
    component = Hybrid
    settings = {"serial": {"name": "serial", "heads": 2}, "parallel": "mlp"}


def test_by_hand_of_its_branches():
    fusion, tokens = TestHybrid.built(), tokens_of(4)
    serial, parallel = fusion.branches
    assert isinstance(serial, Serial) and isinstance(parallel, MLP) and serial.heads == 2
    both = np.concatenate([run(serial, tokens), run(parallel, tokens)], axis=1)
    np.testing.assert_allclose(
        run(fusion, tokens), norm(dense(fusion.projection, both)), rtol=1e-4, atol=1e-5
    )


def test_what_a_branch_adds_in_training_is_added():
    fusion, tokens = (
        Hybrid(WIDTH, NAMES, serial={"name": "serial", "heads": 2}, parallel="reconstruction"),
        tokens_of(4),
    )
    fusion.build()

    def added(tokens):
        fusion(tokens, training=True)
        return sum(fusion.losses)

    assert run(added, tokens) > 0


def test_dropout_is_that_of_both_branches():
    assert [branch.dropout for branch in Hybrid(WIDTH, NAMES, dropout=0.3).branches] == [0.3, 0.3]


def test_a_branch_there_is_not():
    with pytest.raises(ValueError, match="There is no fusion 'cereal'. Did you mean 'serial'"):
        Hybrid(WIDTH, NAMES, serial="cereal")
