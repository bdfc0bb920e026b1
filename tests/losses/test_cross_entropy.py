"""Cross-entropies by hand."""

import numpy as np
import pytest

from backends import run
from tfmmrec.losses import binary_cross_entropy, categorical_cross_entropy

pytestmark = pytest.mark.backend


def test_binary_by_hand():
    logit = np.array([0.0, np.log(3), -200.0, 200.0], "float32")
    label = np.array([1.0, 0.0, 0.0, 0.0], "float32")
    found = run(binary_cross_entropy, label, logit)
    np.testing.assert_allclose(found, [np.log(2), np.log(4), 0.0, 200.0], rtol=1e-5, atol=1e-6)


def test_categorical_by_hand():
    logits = np.log(np.array([[[1.0, 2.0, 5.0]]], "float32"))
    found = run(categorical_cross_entropy, np.array([[2.0]], "float32"), logits)
    np.testing.assert_allclose(found, [[-np.log(5 / 8)]], rtol=1e-5)
