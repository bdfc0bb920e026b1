"""Experts for all, a gate for each."""

import numpy as np
import pytest

from backends import run
from contracts import SharingContract
from contracts.samples import WIDTH, random
from contracts.sharing import FEATURES, TASKS
from sharing.towers import parallel, softmax, two_layers
from tfmmrec.sharing import MMoE


class TestMMoE(SharingContract):
    component = MMoE
    settings = {"experts": 3}


@pytest.mark.backend
def test_by_hand():
    sharing, pairs = TestMMoE.built(), random(2, 3, FEATURES)
    experts = [two_layers(sharing, e, pairs) for e in range(3)]
    found = run(sharing, pairs)
    for k, name in enumerate(TASKS):
        gate = softmax(parallel(sharing.gates, k, pairs))
        expected = sum(gate[..., e : e + 1] * experts[e] for e in range(3))
        np.testing.assert_allclose(found[name], expected, rtol=1e-4, atol=1e-5)
    assert np.abs(found["like"] - found["stars"]).max() > 1e-3


def test_there_is_an_expert():
    with pytest.raises(ValueError, match="MMoE: experts must be 1 or more, got 0"):
        MMoE(WIDTH, TASKS, experts=0)
