"""Rating: labels, the loss by hand, the contract."""

from types import SimpleNamespace

import numpy as np
import pytest

from backends import run
from contracts import TaskContract
from tfmmrec.tasks import Rating

STATE = {"mean": 3.0, "scale": 2.0, "low": 1.0, "high": 5.0}


class TestRating(TaskContract):
    component = Rating("stars")
    cells = [1, "2.5", 5.0, None, "4", ""]


class TestRatingHuber(TaskContract):
    component = Rating("stars", loss="huber", delta=0.5)
    cells = TestRating.cells


class TestRatingOrdinal(TaskContract):
    component = Rating("stars", loss="ordinal")
    cells = TestRating.cells


def test_labels():
    rejected = {}
    assert Rating("stars").labels(["3", None, "good", "inf"], rejected.__setitem__) == [3.0, None, None, None]
    assert rejected == {2: "expected a number, got 'good'", 3: "expected a finite number, got 'inf'"}


def test_ratings_beyond_their_range_are_rejected():
    rejected = {}
    member = Rating("stars", low=1, high=5)
    assert member.labels(["1", "5", "0.9", "6", None], rejected.__setitem__) == [1.0, 5.0, None, None, None]
    assert rejected == {
        2: "expected a rating from 1 to 5, got '0.9'",
        3: "expected a rating from 1 to 5, got '6'",
    }
    assert Rating("stars", low=0).labels(["-1", "1e9"], {}.__setitem__) == [None, 1e9]
    assert member.to_dict() == {"task": "Rating", "column": "stars", "low": 1, "high": 5}
    with pytest.raises(ValueError, match="low must be below high, got low=5 and high=1"):
        Rating("stars", low=5, high=1)


def test_the_state_by_hand():
    assert Rating("stars").fit([1.0, None, 5.0, 3.0]) == pytest.approx(
        {"mean": 3.0, "scale": (8 / 3) ** 0.5, "low": 1.0, "high": 5.0}
    )


def test_the_loss_by_hand():
    step = SimpleNamespace(outputs={"stars": np.asarray([[0.0, 1.0, -1.0]], "float32")})  # 3, 5 and 1 stars
    label, weight = np.asarray([[5, 4, 3]], "float32"), np.asarray([[1, 2, 0]], "float32")
    total, weights = run(lambda y, w: Rating("stars").weighted_loss(step, y, w, STATE), label, weight)
    assert (total, weights) == (1.0 + 2 * 0.25, 3.0)


def test_the_answer_is_on_the_scale_of_the_labels():
    answer = run(lambda x: Rating("stars").predict(x, STATE), np.asarray([0.0, 0.5, 9.0, -9.0], "float32"))
    assert answer.tolist() == [3, 4, 5, 1]


def test_measures_by_hand():
    measures = Rating("stars").metrics(
        np.asarray([1.0, 5.0]), np.asarray([2.0, 2.0]), np.asarray([3.0, 1.0]), {}
    )
    assert measures == pytest.approx({"rmse": 3**0.5, "mae": 1.5})


def test_huber_by_hand():
    step = SimpleNamespace(outputs={"stars": np.asarray([[0.0, 1.0]], "float32")})  # 3 and 5 stars
    label, weight = (
        np.asarray([[5, 4]], "float32"),
        np.asarray([[1, 2]], "float32"),
    )  # off by 1 and ½ deviations
    task = Rating("stars", loss="huber", delta=0.75)
    total, _ = run(lambda y, w: task.weighted_loss(step, y, w, STATE), label, weight)
    assert total == pytest.approx(0.75 * (1 - 0.375) + 2 * 0.5 * 0.25)


def test_ordinal_by_hand():
    """Levels 1, 2 and 5: above the first with ¾, above the second with ¼."""
    task = Rating("stars", loss="ordinal")
    state = task.fit([2.0, 5.0, None, 1.0, 5.0])
    assert state == {"levels": [1.0, 2.0, 5.0]}
    output = np.log([[[3, 1 / 3]] * 3]).astype("float32")
    assert run(lambda z: task.predict(z, state), output)[0] == pytest.approx([1 + 0.75 + 3 * 0.25] * 3)
    step = SimpleNamespace(outputs={"stars": output})
    label, weight = np.asarray([[1, 2, 4.9]], "float32"), np.asarray([[1, 2, 1]], "float32")
    total, _ = run(lambda y, w: task.weighted_loss(step, y, w, state), label, weight)
    each = [-np.log(0.25) - np.log(0.75), -2 * np.log(0.75), -np.log(0.75) - np.log(0.25)]
    assert total == pytest.approx(each[0] + 2 * each[1] + each[2], rel=1e-5)
    head = task.head(8, state)
    head.build((None, None, 8))
    assert np.diff(np.asarray(head.bias)).max() < 0  # a higher level is the less likely from the start


def test_losses_are_explained():
    with pytest.raises(ValueError, match="Rating: there is no loss 'l1'; take one of mse, huber, ordinal"):
        Rating("stars", loss="l1")
    with pytest.raises(ValueError, match="delta must be above 0, got 0"):
        Rating("stars", delta=0)
    with pytest.raises(ValueError, match="is for a few levels, and training has 150 different ratings"):
        Rating("stars", loss="ordinal").fit(np.arange(150.0).tolist())
