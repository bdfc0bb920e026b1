"""What keeps items or modalities apart: the contract, and values by hand."""

import numpy as np
import pytest

from backends import run
from contracts import AlignmentContract
from contracts.samples import random
from tfmmrec.alignment import Determinantal, Orthogonality


class TestDeterminantal(AlignmentContract):
    component = Determinantal


class TestOrthogonality(AlignmentContract):
    component = Orthogonality
    brings_together = False


def both(rows):
    return np.ones(rows, bool), np.ones(rows, bool)


def test_the_determinant_over_items_against_numpy():
    a, b = random(6, 4, seed=1), random(6, 4, seed=2)
    kept = np.asarray([0, 1, 2, 4, 5])
    u = sum(x[kept] / np.linalg.norm(x[kept], axis=1, keepdims=True) for x in (a, b)) / 2
    log_det = np.linalg.slogdet(np.eye(5) + 2 * u @ u.T)[1]
    found = run(Determinantal(["a", "b"], alpha=2.0).pair_loss, a, b, np.arange(6) != 3, np.ones(6, bool))
    assert found == pytest.approx(np.log(3) - log_det / 5, rel=1e-4)


def test_the_determinant_rewards_agreement_and_difference_of_items():
    layer = Determinantal(["a", "b"])
    apart = np.eye(3, 4, dtype="float32")
    alike = np.repeat(apart[:1], 3, axis=0)
    best, opposed, all_one = (
        run(layer.pair_loss, a, b, *both(3)) for a, b in ((apart, apart), (apart, -apart), (alike, alike))
    )
    assert best == pytest.approx(0, abs=1e-6)
    assert opposed == pytest.approx(np.log(2), rel=1e-5)  # K is 0
    assert all_one == pytest.approx(np.log(2) - np.log(4) / 3, rel=1e-5)  # one direction of length √3


def test_orthogonality_by_hand():
    a = np.asarray([[2.0, 0.0], [0.0, 1.0]], "float32")
    layer = Orthogonality(["a", "b"])
    # ½ (e₁ e₁ᵀ + e₂ e₂ᵀ): two values of ½
    assert run(layer.pair_loss, a, a, *both(2)) == pytest.approx(0.5, rel=1e-6)
    # ½ (e₁ e₂ᵀ + e₂ e₁ᵀ) where each row is at right angles, but the spaces are one
    assert run(layer.pair_loss, a, a[::-1].copy(), *both(2)) == pytest.approx(0.5, rel=1e-6)
    wide = np.asarray([[1, 0, 0, 0], [0, 1, 0, 0]], "float32")
    assert run(layer.pair_loss, wide, wide[:, [2, 3, 0, 1]], *both(2)) == pytest.approx(1 / 2, rel=1e-6)
    assert (
        run(layer.pair_loss, wide[[0, 0]], np.asarray([[0, 1, 0, 0], [0, -1, 0, 0]], "float32"), *both(2))
        == 0
    )


@pytest.mark.parametrize("alpha", [0.0, -1.0])
def test_alpha_is_above_0(alpha):
    with pytest.raises(ValueError, match="alpha must be above 0"):
        Determinantal(["a", "b"], alpha=alpha)
