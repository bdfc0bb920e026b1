"""No weights but the tasks' own."""

import numpy as np
import pytest

from contracts import BalancingContract
from contracts.balancing import GRADIENTS, made_one
from tfmmrec.balancing import Balancing, Fixed


class TestFixed(BalancingContract):
    component = Fixed


def test_it_is_the_sum():
    update = made_one(Fixed(["click", "stars", "next"]), {"click": 1, "stars": 2, "next": 3})
    for at, one in enumerate(update):
        expected = sum(np.asarray(GRADIENTS[name][at]) for name in ("click", "stars", "next"))
        np.testing.assert_allclose(one, expected)


def test_a_member_must_weigh():
    with pytest.raises(NotImplementedError):
        Balancing(["click"]).weigh(None, None)
