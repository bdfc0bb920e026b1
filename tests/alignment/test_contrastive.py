"""Contrastive alignment: the contract, and one value by hand."""

import numpy as np
import pytest

from backends import run
from contracts import AlignmentContract
from contracts.samples import random
from tfmmrec.alignment import Alignment, Contrastive


class TestContrastive(AlignmentContract):
    component = Contrastive
    settings = {"temperature": 0.5}


def test_by_hand():
    # two rows with both modalities, at right angles; the third lacks one
    a = np.asarray([[2.0, 0.0], [0.0, 3.0], [5.0, 5.0]], "float32")
    b = np.asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], "float32")
    here = np.asarray([True, True, True]), np.asarray([True, True, False])
    layer = Contrastive(["a", "b"], temperature=0.5)
    # each row: −log(e² / (e² + e⁰)), both ways
    assert run(layer.pair_loss, a, b, *here) == pytest.approx(np.log(1 + np.exp(-2)), rel=1e-5)
    crossed = run(layer.pair_loss, a, b[[1, 0, 2]], *here)
    assert crossed == pytest.approx(np.log(1 + np.exp(2)), rel=1e-5)


def test_against_numpy():
    a, b = random(5, 4, seed=1), random(5, 4, seed=2)
    both = np.asarray([True, True, False, True, True])
    u, v = (x[both] / np.linalg.norm(x[both], axis=1, keepdims=True) for x in (a, b))
    logits = u @ v.T / 0.1
    to_b = np.log(np.exp(logits).sum(axis=1)) - np.diag(logits)
    to_a = np.log(np.exp(logits).sum(axis=0)) - np.diag(logits)
    found = run(Contrastive(["a", "b"]).pair_loss, a, b, both, np.ones(5, bool))
    assert found == pytest.approx((to_a + to_b).mean() / 2, rel=1e-4)


def test_a_member_must_bring_its_loss():
    with pytest.raises(NotImplementedError):
        Alignment(["a", "b"]).pair_loss(None, None, None, None)
