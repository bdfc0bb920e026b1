"""Weights by how the last epochs went."""

import numpy as np
import pytest
from keras import ops

from contracts import BalancingContract
from tfmmrec.balancing import DWA


class TestDWA(BalancingContract):
    component = DWA


@pytest.mark.backend
def test_two_epochs_by_hand():
    """Epochs of two steps, with means 3 and 2, then 1.5 and 2; in the first a label is missing."""
    balancing = DWA(["a", "b"], steps=2, temperature=0.5)
    found = [
        ops.convert_to_numpy(balancing.weigh(ops.convert_to_tensor(losses), None))
        for losses in ([4.0, 2.0], [2.0, 0.0], [1.0, 1.0], [2.0, 3.0], [9.0, 9.0], [9.0, 9.0])
    ]
    np.testing.assert_allclose(found[:4], np.ones((4, 2)), rtol=1e-6)
    share = np.exp([0.5 / 0.5, 1 / 0.5])
    for weights in found[4:]:
        np.testing.assert_allclose(weights, 2 * share / share.sum(), rtol=1e-5)


def test_settings():
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        DWA(["a"], temperature=0)
