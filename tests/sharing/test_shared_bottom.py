"""One stack for all tasks: the contract, and that it is one."""

import numpy as np

from backends import run
from contracts import SharingContract
from contracts.samples import random
from contracts.sharing import FEATURES, TASKS
from tfmmrec.sharing import SharedBottom


class TestSharedBottom(SharingContract):
    component = SharedBottom


def silu(x):
    return x / (1 + np.exp(-x))


def test_by_hand():
    sharing, pairs = TestSharedBottom.built(), random(2, 3, FEATURES)
    w1, b1, w2, b2 = (np.asarray(weight) for weight in sharing.trainable_variables)
    expected = silu(silu(pairs @ w1 + b1) @ w2 + b2)
    for name in TASKS:
        np.testing.assert_allclose(run(sharing, pairs)[name], expected, rtol=1e-4, atol=1e-5)


def test_dropout_is_for_training_alone():
    sharing, pairs = TestSharedBottom.built(), random(2, 3, FEATURES)
    asked, again = (run(lambda x: sharing(x, training=False)["like"], pairs) for _ in range(2))
    np.testing.assert_array_equal(asked, again)
    assert np.abs(run(lambda x: sharing(x, training=True)["like"], pairs) - asked).max() > 1e-3
