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
    total, weights = run(lambda y, w: Rating("stars").loss(step, y, w, STATE), label, weight)
    assert (total, weights) == (1.0 + 2 * 0.25, 3.0)


def test_the_answer_is_on_the_scale_of_the_labels():
    answer = run(lambda x: Rating("stars").predict(x, STATE), np.asarray([0.0, 0.5, 9.0, -9.0], "float32"))
    assert answer.tolist() == [3, 4, 5, 1]


def test_measures_by_hand():
    measures = Rating("stars").metrics(
        np.asarray([1.0, 5.0]), np.asarray([2.0, 2.0]), np.asarray([3.0, 1.0]), {}
    )
    assert measures == pytest.approx({"rmse": 3**0.5, "mae": 1.5})
