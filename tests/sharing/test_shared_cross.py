"""Cross layers for all tasks: the contract, and one value by hand."""

import numpy as np
import pytest

from backends import run
from contracts import SharingContract
from contracts.samples import WIDTH, random
from contracts.sharing import FEATURES, TASKS
from sharing.towers import silu, weights
from tfmmrec.sharing import SharedCross


class TestSharedCross(SharingContract):
    component = SharedCross
    settings = {"rank": 3}


def test_by_hand():
    sharing, pairs = TestSharedCross.built(), random(2, 3, FEATURES)
    x = pairs
    for cross in sharing.crosses:
        (thin,), (kernel, bias) = weights(cross.thin), weights(cross.mix)
        x = pairs * (x @ thin @ kernel + bias) + x
    for layer in (sharing.bottom.hidden, sharing.bottom.projection):
        kernel, bias = weights(layer)
        x = silu(x @ kernel + bias)
    for name in TASKS:
        np.testing.assert_allclose(run(sharing, pairs)[name], x, rtol=1e-4, atol=1e-5)


def test_there_is_a_layer():
    with pytest.raises(ValueError, match="1 layer or more, got layers=0; SharedBottom has none"):
        SharedCross(WIDTH, TASKS, layers=0)
