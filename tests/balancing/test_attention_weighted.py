"""Weights by what is learnt least."""

import numpy as np
import pytest
from keras import ops

from contracts import BalancingContract
from tfmmrec.balancing import AttentionWeighted


class TestAttentionWeighted(BalancingContract):
    component = AttentionWeighted


@pytest.mark.backend
def test_by_hand():
    """The first fell to ¼, half of which counts at once, the second did not; the third came late."""
    balancing = AttentionWeighted(["a", "b", "c"], temperature=0.5, momentum=0.5)
    weigh = lambda *losses: ops.convert_to_numpy(balancing.weigh(ops.convert_to_tensor(losses), None))  # noqa: E731
    np.testing.assert_allclose(weigh(8.0, 3.0, 0.0), 1, rtol=1e-6)
    share = np.exp(np.asarray([(8 + 2) / 2 / 8, 1, 1]) / 0.5)
    np.testing.assert_allclose(weigh(2.0, 3.0, 5.0), 3 * share / share.sum(), rtol=1e-5)


def test_settings():
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        AttentionWeighted(["a"], temperature=0)
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\), got 1"):
        AttentionWeighted(["a"], momentum=1)
