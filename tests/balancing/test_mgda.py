"""The shortest convex combination."""

import numpy as np
import pytest
from keras import ops

from contracts import BalancingContract
from tfmmrec.balancing import MGDA


class TestMGDA(BalancingContract):
    component = MGDA


def weigh(vectors, **settings):
    vectors = np.asarray(vectors, "float32")
    names = [str(k) for k in range(len(vectors))]
    losses, products = np.ones(len(vectors), "float32"), vectors @ vectors.T
    balancing = MGDA(names, **settings)
    return ops.convert_to_numpy(
        balancing.weigh(ops.convert_to_tensor(losses), ops.convert_to_tensor(products))
    )


@pytest.mark.backend
def test_two_tasks_by_hand():
    """The foot of the perpendicular from 0 to the line between (1, 0) and (0, 2) is (4, 2) / 5."""
    np.testing.assert_allclose(weigh([[1, 0], [0, 2]]), [0.8, 0.2], rtol=1e-4)
    np.testing.assert_allclose(
        weigh([[1, 0], [3, 1]]), [1, 0], atol=1e-5
    )  # the shorter one, within the angle
    np.testing.assert_allclose(weigh([[1, 0], [0, 0]]), [1, 0], atol=1e-6)  # nothing is no direction


def test_no_task_loses_by_it():
    generator = np.random.default_rng(0)
    for _ in range(5):
        vectors = generator.normal(size=(4, 6)) + 0.5
        alpha = weigh(vectors, iterations=500)
        assert alpha.sum() == pytest.approx(1, abs=1e-5) and (alpha >= 0).all()
        shortest = alpha @ vectors
        assert (vectors @ shortest > 0.9 * shortest @ shortest).all()


def test_settings():
    with pytest.raises(ValueError, match="iterations must be 1 or more, got 0"):
        MGDA(["a"], iterations=0)
