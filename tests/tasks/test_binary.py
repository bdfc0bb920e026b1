"""Binary: labels, the loss by hand, the contract."""

from types import SimpleNamespace

import numpy as np
import pytest

from backends import run
from contracts import TaskContract
from tfmmrec.tasks import Binary


class TestBinary(TaskContract):
    component = Binary("like", weight=0.5, positive_weight=2.0)
    cells = [1, "0", "yes", "No", True, False, "1.0", 0.0, None, ""]


def test_labels():
    rejected = {}
    labels = Binary("like").labels([1, " TRUE ", "0.0", "maybe", 2, None], rejected.__setitem__)
    assert labels == [1.0, 1.0, 0.0, None, None, None]
    assert rejected == {
        3: "expected a label of 1 or 0, got 'maybe'",
        4: "expected a label of 1 or 0, got 2",
    }


def test_the_loss_by_hand():
    step = SimpleNamespace(outputs={"like": np.log([[3.0, 3.0, 1.0]]).astype("float32")})  # p = ¾, ¾, ½
    label, weight = np.asarray([[1, 0, 1]], "float32"), np.asarray([[1, 2, 0.5]], "float32")
    total, weights = run(lambda y, w: Binary("like").loss(step, y, w, {}), label, weight)
    assert total == pytest.approx(-np.log(0.75) - 2 * np.log(0.25) - 0.5 * np.log(0.5), rel=1e-5)
    assert weights == 3.5


def test_the_answer_is_a_probability():
    answer = run(
        lambda x: Binary("like").predict(x, {}), np.asarray([-100.0, 0.0, np.log(3.0), 100.0], "float32")
    )
    np.testing.assert_allclose(answer, [0, 0.5, 0.75, 1], atol=1e-6)


def test_class_weights():
    weights = Binary("like", positive_weight=3.0).class_weight(np.asarray([0.0, 1.0, 1.0]), {})
    assert weights.tolist() == [1, 3, 3]


def test_measures_by_hand():
    label, answer = np.asarray([1.0, 0.0, 1.0, 0.0]), np.asarray([0.9, 0.6, 0.5, 0.1])
    measures = Binary("like").metrics(label, answer, np.ones(4), {})
    # of four pairs of a 1 and a 0 three are in order; what is decided: 1, 1, 1, 0
    expected = {"auc": 0.75, "accuracy": 0.75, "f1": 0.8, "log_loss": -np.log([0.9, 0.4, 0.5, 0.9]).mean()}
    assert measures == pytest.approx(expected)
