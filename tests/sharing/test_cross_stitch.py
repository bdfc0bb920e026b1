"""Towers and mixtures between them."""

import numpy as np
import pytest

from backends import run
from contracts import SharingContract
from contracts.samples import random
from contracts.sharing import FEATURES
from sharing.towers import parallel, silu
from tfmmrec.sharing import CrossStitch


class TestCrossStitch(SharingContract):
    component = CrossStitch
    settings = {"own": 0.8}


@pytest.mark.backend
def test_by_hand():
    sharing, pairs = TestCrossStitch.built(), random(2, 3, FEATURES)
    for stitch in (sharing.stitch_hidden, sharing.stitch_projection):
        np.testing.assert_allclose(np.asarray(stitch), [[0.8, 0.2], [0.2, 0.8]])
    sharing.stitch_projection.assign([[1.0, 2.0], [0.0, -1.0]])
    hidden = [silu(parallel(sharing.hidden, k, pairs)) for k in range(2)]
    mixed = [0.8 * hidden[0] + 0.2 * hidden[1], 0.2 * hidden[0] + 0.8 * hidden[1]]
    like, stars = (silu(parallel(sharing.projection, k, mixed[k])) for k in range(2))
    found = run(sharing, pairs)
    np.testing.assert_allclose(found["like"], like + 2 * stars, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["stars"], -stars, rtol=1e-4, atol=1e-5)
