"""Learned log-variances."""

import numpy as np
import pytest
from keras import ops

from contracts import BalancingContract
from tfmmrec.balancing import Uncertainty


class TestUncertainty(BalancingContract):
    component = Uncertainty


@pytest.mark.backend
def test_a_step_by_hand():
    """s moves by the rate times L − ½ at first, at most by the rate, and not where there is no loss."""
    balancing = Uncertainty(["a", "b", "c"], rate=0.1)
    weights = balancing.weigh(ops.convert_to_tensor([0.75, 9.0, 0.0]), None)
    np.testing.assert_allclose(ops.convert_to_numpy(weights), 1)
    np.testing.assert_allclose(ops.convert_to_numpy(balancing.log_variance), [0.025, 0.1, 0], rtol=1e-5)
    weights = balancing.weigh(ops.convert_to_tensor([0.75, 9.0, 0.0]), None)
    np.testing.assert_allclose(ops.convert_to_numpy(weights), np.exp([-0.025, -0.1, 0]), rtol=1e-5)


def test_every_loss_comes_to_count_alike():
    balancing, losses = Uncertainty(["a", "b"], rate=0.1), np.asarray([0.2, 30.0], "float32")
    for _ in range(300):
        weights = ops.convert_to_numpy(balancing.weigh(ops.convert_to_tensor(losses), None))
    np.testing.assert_allclose(weights * losses, 0.5, rtol=1e-2)


def test_settings():
    with pytest.raises(ValueError, match="rate must be above 0, got 0"):
        Uncertainty(["a"], rate=0)
