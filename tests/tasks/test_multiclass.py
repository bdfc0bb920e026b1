"""Multiclass: classes, the loss by hand, the contract."""

from types import SimpleNamespace

import numpy as np
import pytest

from backends import run
from contracts import TaskContract
from tfmmrec.tasks import Multiclass


class TestMulticlass(TaskContract):
    component = Multiclass("mood", balanced=True)
    cells = ["happy", "sad", "happy", 7, None, "", "happy"]


def test_classes_are_those_of_training_most_frequent_first():
    task = Multiclass("mood")
    state = task.fit(["sad", "glad", None, "sad", "bad"])
    assert state == {"classes": ["sad", "bad", "glad"], "class_weights": [1.0, 1.0, 1.0]}
    encoded = task.encode(["glad", None, "new", "sad"], state)
    np.testing.assert_array_equal(encoded, np.asarray([2, np.nan, np.nan, 0], "float32"))


def test_a_class_is_the_same_whatever_type_its_file_has_for_it():
    labels = Multiclass("mood").labels([1, 1.0, "1", 2.5, b"sad", "sad", None, ""], None)
    assert labels == ["1", "1", "1", "2.5", "sad", "sad", None, None]


def test_balanced_classes_weigh_the_same_together():
    task = Multiclass("mood", balanced=True)
    state = task.fit(["a", "a", "a", "b"])
    weights = task.class_weight(np.asarray([0.0, 0.0, 0.0, 1.0]), state)
    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2 / 3, 2])
    assert weights[:3].sum() == pytest.approx(weights[3])


def test_the_loss_by_hand():
    logits = np.log(np.asarray([[[1, 2, 1], [6, 1, 1]]], "float32"))
    step, label = SimpleNamespace(outputs={"mood": logits}), np.asarray([[1, 2]], "float32")
    total, weights = run(
        lambda y, w: Multiclass("mood").weighted_loss(step, y, w, {}), label, np.asarray([[1, 3]], "float32")
    )
    assert total == pytest.approx(np.log(2) + 3 * np.log(8), rel=1e-5)
    assert weights == 4


def test_the_answer_is_a_distribution():
    answer = run(lambda x: Multiclass("mood").predict(x, {}), np.log(np.asarray([[1, 2, 1]], "float32")))
    np.testing.assert_allclose(answer, [[0.25, 0.5, 0.25]], rtol=1e-6)


def test_measures_by_hand():
    answer = np.asarray([[0.6, 0.4], [0.7, 0.3], [0.2, 0.8], [0.9, 0.1]])
    measures = Multiclass("mood").metrics(np.asarray([0.0, 0.0, 1.0, 1.0]), answer, np.ones(4), {})
    # class 0: 2 right of 3 said and 2 there; class 1: 1 right of 1 said and 2 there
    assert measures == pytest.approx({"accuracy": 0.75, "macro_f1": (0.8 + 2 / 3) / 2})


def test_the_focal_loss_by_hand():
    step = SimpleNamespace(outputs={"mood": np.log([[[0.5, 0.3, 0.2], [0.5, 0.3, 0.2]]]).astype("float32")})
    label, weight = np.asarray([[0, 2]], "float32"), np.asarray([[1, 3]], "float32")
    task = Multiclass("mood", loss="focal")
    total, weights = run(lambda y, w: task.weighted_loss(step, y, w, {}), label, weight)
    assert total == pytest.approx(-(0.5**2) * np.log(0.5) - 3 * 0.8**2 * np.log(0.2), rel=1e-5)
    assert weights == 4
    with pytest.raises(ValueError, match="Multiclass: there is no loss 'mse'"):
        Multiclass("mood", loss="mse")
