"""Weights that bring gradients to like lengths."""

import numpy as np
import pytest
from keras import ops

from contracts import BalancingContract
from tfmmrec.balancing import GradNorm


class TestGradNorm(BalancingContract):
    component = GradNorm


def weigh(balancing, losses, lengths):
    products = np.diag(np.square(np.asarray(lengths, "float32")))
    return ops.convert_to_numpy(
        balancing.weigh(ops.convert_to_tensor(losses), ops.convert_to_tensor(products))
    )


@pytest.mark.backend
def test_a_step_by_hand():
    """Lengths 3 and 1, mean 2: the first is above its target and goes down by 0.1 · 3 / 2, the second up."""
    balancing = GradNorm(["a", "b"], asymmetry=1.0, rate=0.1)
    np.testing.assert_allclose(weigh(balancing, [1.0, 4.0], [3, 1]), [1, 1])
    learned = np.asarray([1 - 0.15, 1 + 0.05])
    np.testing.assert_allclose(
        ops.convert_to_numpy(balancing.weights), 2 * learned / learned.sum(), rtol=1e-5
    )


@pytest.mark.backend
@pytest.mark.parametrize("losses", [[1.0, 2.0], [1.0, np.inf]])
def test_a_step_that_overflows_is_forgotten(losses):
    balancing = GradNorm(["a", "b"])
    weigh(balancing, [1.0, 2.0], [1, 2])
    before = ops.convert_to_numpy(balancing.weights)
    weigh(balancing, losses, [np.inf, 2])
    np.testing.assert_allclose(balancing.weights, before, rtol=0.05)  # the other alone is at its target
    assert np.isfinite(weigh(balancing, [1.0, 2.0], [1, 2])).all()


def test_lengths_become_alike_and_what_is_behind_gets_more():
    balancing = GradNorm(["a", "b"], asymmetry=0.0, rate=0.01)
    for _ in range(300):
        weights = weigh(balancing, [1.0, 1.0], [3, 1])
    np.testing.assert_allclose(weights * [3, 1], 1.5, rtol=0.05)
    balancing = GradNorm(["a", "b"], asymmetry=1.0, rate=0.01)
    weigh(balancing, [1.0, 1.0], [1, 1])
    for _ in range(300):
        weights = weigh(balancing, [0.25, 0.75], [1, 1])
    np.testing.assert_allclose(weights[1] / weights[0], 3, rtol=0.1)


def test_settings():
    with pytest.raises(ValueError, match="rate must be above 0, got 0"):
        GradNorm(["a"], rate=0)
