"""Binary: labels, the loss by hand, the contract."""

from types import SimpleNamespace

import numpy as np
import pytest

from backends import run
from contracts import TaskContract
from tfmmrec.tasks import Binary
from tfmmrec.tasks.binary import Both


class TestBinary(TaskContract):
    component = Binary("like", weight=0.5, positive_weight=2.0)
    cells = [1, "0", "yes", "No", True, False, "1.0", 0.0, None, ""]


class TestBinaryFocal(TaskContract):
    component = Binary("like", loss="focal", gamma=1.0)
    cells = TestBinary.cells


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
    total, weights = run(lambda y, w: Binary("like").weighted_loss(step, y, w, {}), label, weight)
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


@pytest.mark.backend
def test_the_logit_of_both_by_hand():
    """Halves make a quarter; ¾ and ⅔ a half; at the ends it is the rarer of the two."""
    one, other = (
        np.asarray([0, np.log(3), 90, -90, 90], "float32"),
        np.asarray([0, np.log(2), -3, 90, 90], "float32"),
    )
    expected = [-np.log(3), 0, -3, -90, 90 - np.log(2)]
    np.testing.assert_allclose(run(Both(), one, other), expected, rtol=1e-5, atol=1e-6)


def test_the_focal_loss_by_hand():
    step = SimpleNamespace(outputs={"like": np.log([[3.0, 3.0]]).astype("float32")})  # p = ¾
    label, weight = np.asarray([[1, 0]], "float32"), np.asarray([[1, 2]], "float32")
    task = Binary("like", loss="focal", gamma=1.0)
    total, weights = run(lambda y, w: task.weighted_loss(step, y, w, {}), label, weight)
    assert total == pytest.approx(-0.25 * np.log(0.75) - 2 * 0.75 * np.log(0.25), rel=1e-5) and weights == 3
    assert task.to_dict() == {"task": "Binary", "column": "like", "loss": "focal", "gamma": 1.0}


def test_settings_are_explained():
    with pytest.raises(
        ValueError, match="Binary: there is no loss 'hinge'; take one of cross_entropy, focal"
    ):
        Binary("like", loss="hinge")
    with pytest.raises(ValueError, match="gamma must be 0 or more, got -1"):
        Binary("like", gamma=-1)
    with pytest.raises(ValueError, match="positive_weight must be above 0, .* got 0"):
        Binary("like", positive_weight=0)
    with pytest.raises(ValueError, match="a column of chances, or a power of popularity in .0, 1., got 2"):
        Binary("like", propensity=2)
    with pytest.raises(ValueError, match="clip is the greatest weight, above 0, got 0"):
        Binary("like", clip=0)
