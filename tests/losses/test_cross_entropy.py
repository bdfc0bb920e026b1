"""Cross-entropies per example."""

import numpy as np
import pytest
from keras import ops

from backends import gradients, run
from contracts.samples import random
from tfmmrec.losses import (
    binary_cross_entropy,
    binary_focal,
    categorical_cross_entropy,
    categorical_focal,
)


@pytest.mark.backend
def test_binary_by_hand():
    logit = np.log([3.0, 3.0, 1.0]).astype("float32")  # p = ¾, ¾, ½
    found = run(binary_cross_entropy, np.asarray([1.0, 0.0, 0.25], "float32"), logit)
    np.testing.assert_allclose(found, -np.log([0.75, 0.25, 0.5]), rtol=1e-6)


@pytest.mark.backend
def test_binary_is_stable_for_any_logit():
    label, logit = np.asarray([1, 0, 1, 0], "float32"), np.asarray([1e4, 1e4, -1e4, -1e4], "float32")
    np.testing.assert_allclose(run(binary_cross_entropy, label, logit), [0, 1e4, 1e4, 0])
    _, (slope,) = gradients(
        lambda z: ops.sum(binary_cross_entropy(ops.convert_to_tensor(label), z)), [], [logit]
    )
    np.testing.assert_allclose(slope, [0, 1, -1, 0], atol=1e-6)  # σ(z) − y


@pytest.mark.backend
def test_categorical_by_hand():
    logits = np.log(np.asarray([[[1, 2, 1], [6, 1, 1]]], "float32"))
    found = run(categorical_cross_entropy, np.asarray([[1.0, 2.0]], "float32"), logits)
    np.testing.assert_allclose(found, np.log([[2, 8]]), rtol=1e-6)


@pytest.mark.backend
def test_categorical_is_stable_and_its_gradient_is_softmax_minus_one_hot():
    logits, label = random(4, 3), np.asarray([0, 2, 1, 1], "int32")
    shifted = run(categorical_cross_entropy, label, logits + 1e4)
    np.testing.assert_allclose(shifted, run(categorical_cross_entropy, label, logits), atol=2e-3)
    loss = lambda z: ops.sum(categorical_cross_entropy(ops.convert_to_tensor(label), z))  # noqa: E731
    _, (slope,) = gradients(loss, [], [logits])
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(slope, share - np.eye(3)[label], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("loss", [binary_cross_entropy, categorical_cross_entropy])
def test_half_precision_is_left_before_the_logarithm(loss):
    logits = ops.cast(np.asarray([[2.0, 0.0]]), "bfloat16")
    assert (
        run(loss, np.asarray([0], "int32") if loss is categorical_cross_entropy else 0.0, logits).dtype
        == "float32"
    )


@pytest.mark.backend
def test_focal_by_hand():
    label, logit = np.asarray([1.0, 0.0, 1.0], "float32"), np.log([3.0, 3.0, 1.0]).astype("float32")
    expected = -np.log([0.75, 0.25, 0.5]) * np.asarray([0.25, 0.75, 0.5]) ** 2  # p = ¾, ¼, ½ of the label
    np.testing.assert_allclose(run(binary_focal, label, logit), expected, rtol=1e-5)
    np.testing.assert_allclose(
        run(lambda y, z: binary_focal(y, z, 0.0), label, logit),
        run(binary_cross_entropy, label, logit),
        rtol=1e-5,
    )
    logits = np.log([[0.2, 0.3, 0.5]]).astype("float32")
    found = run(lambda y, z: categorical_focal(y, z, 1.5), np.asarray([1]), logits)
    np.testing.assert_allclose(found, -np.log(0.3) * 0.7**1.5, rtol=1e-5)


@pytest.mark.backend
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_has_a_gradient_for_any_logit(gamma):
    label, logit = np.asarray([1, 0, 1, 0], "float32"), np.asarray([1e4, 1e4, -1e4, -1e4], "float32")
    _, (slope,) = gradients(
        lambda z: ops.sum(binary_focal(ops.convert_to_tensor(label), z, gamma)), [], [logit]
    )
    np.testing.assert_allclose(slope, [0, 1, -1, 0], atol=1e-6)
