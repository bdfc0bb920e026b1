"""Distances between an item's modalities: the contract, and values by hand."""

import numpy as np
import pytest

from backends import run
from contracts import AlignmentContract
from contracts.samples import NAMES
from tfmmrec.alignment import KL, Anchored, JointEmbedding, MaxCosine


class TestMaxCosine(AlignmentContract):
    component = MaxCosine


class TestKL(AlignmentContract):
    component = KL


class TestJointEmbedding(AlignmentContract):
    component = JointEmbedding


class TestAnchored(AlignmentContract):
    component = Anchored
    held = ("title",)


A = np.asarray([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0], [9.0, 9.0]], "float32")
B = np.asarray([[2.0, 0.0], [0.0, -1.0], [0.0, 1.0], [7.0, 0.0]], "float32")
HERE = np.ones(4, bool), np.asarray([True, True, True, False])  # the last row does not count


def loss(layer):
    return run(layer.pair_loss, A, B, *HERE)


def test_the_cosine_is_maximised():
    # alike, opposite, at right angles
    assert loss(MaxCosine(["a", "b"])) == pytest.approx((0 + 2 + 1) / 3, rel=1e-6)


def test_kl_by_hand():
    def divergence(p, q):
        return (p * np.log(p / q)).sum(axis=1)

    p, q = (np.exp(x / 2) / np.exp(x / 2).sum(axis=1, keepdims=True) for x in (A[:3], B[:3]))
    expected = (divergence(p, q) + divergence(q, p)).mean() / 2
    assert loss(KL(["a", "b"], temperature=2.0)) == pytest.approx(expected, rel=1e-5)


def test_joint_embedding_by_hand():
    # ½ (1, 9, 9 + 1)
    assert loss(JointEmbedding(["a", "b"])) == pytest.approx((0.5 + 4.5 + 5) / 3, rel=1e-6)


def test_anchored_by_hand():
    # ‖a − ½ b‖²: (1 − 1)², (2 + ½)², 3² + ½²
    assert loss(Anchored(["a", "b"], alpha=0.5)) == pytest.approx((0 + 6.25 + 9.25) / 3, rel=1e-6)


def test_all_are_bound_to_the_anchor():
    assert Anchored(NAMES).paired() == [("title", "poster"), ("title", "price")]
    assert Anchored(NAMES, anchor="price").paired() == [("price", "title"), ("price", "poster")]


def test_wrong_settings():
    with pytest.raises(ValueError, match="anchor must be one of title, poster, price; got 'plot'"):
        Anchored(NAMES, anchor="plot")
    with pytest.raises(ValueError, match="alpha must be above 0, got 0"):
        Anchored(NAMES, alpha=0)
    with pytest.raises(ValueError, match="temperature divides vectors and must be above 0, got 0"):
        KL(NAMES, temperature=0)
