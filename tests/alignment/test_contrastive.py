"""Contrastive alignments: the contract, and values by hand."""

import numpy as np
import pytest

from backends import run
from contracts import AlignmentContract
from contracts.samples import random
from tfmmrec.alignment import Contrastive, Sigmoid


class TestContrastive(AlignmentContract):
    component = Contrastive
    settings = {"temperature": 0.5}


class TestSigmoid(AlignmentContract):
    component = Sigmoid


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


def test_sigmoid_by_hand():
    # two rows with both modalities, at right angles; the third lacks one
    a = np.asarray([[2.0, 0.0], [0.0, 3.0], [5.0, 5.0]], "float32")
    b = np.asarray([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], "float32")
    layer = Sigmoid(["a", "b"])
    layer.build()
    layer.bias.assign(-4.0)
    # each row: −log σ(10 − 4) for itself, −log σ(4) for the other
    expected = np.log(1 + np.exp(-6)) + np.log(1 + np.exp(-4))
    found = run(layer.pair_loss, a, b, np.ones(3, bool), np.asarray([True, True, False]))
    assert found == pytest.approx(expected, rel=1e-4)
