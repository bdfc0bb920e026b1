"""The tasks that rank the catalogue."""

from types import SimpleNamespace

import numpy as np
import pytest

from backends import run
from contracts.samples import EXAMPLES
from contracts.whole import whole
from tfmmrec.modalities import Category
from tfmmrec.schema import Schema
from tfmmrec.tasks import Match, NextItem, Task


class Asked:
    """A step that keeps what it was asked, and answers with a sum."""

    def __init__(self, states, candidates):
        self.states, self.candidates = states, candidates

    def softmax(self, target, weight, states):
        self.asked = SimpleNamespace(target=target, weight=weight, states=states)
        return weight.sum() * 3


@pytest.mark.parametrize(
    ("task", "name", "ordered"), [(NextItem(), "next_item", True), (Match(), "match", False)]
)
def test_what_they_are(task, name, ordered):
    assert (task.name, task.retrieval, task.ordered) == (name, True, ordered)
    assert task.to_dict() == {"task": type(task).__name__}
    assert type(task)(weight=0.5).to_dict() == {"task": type(task).__name__, "weight": 0.5}
    with pytest.raises(ValueError, match=f"{type(task).__name__}: weight must be 0 or more, got -1"):
        type(task)(weight=-1)


@pytest.mark.parametrize("places", [3, 1])
def test_one_state_stands_for_every_candidate(places):
    states = np.arange(2 * places * 4, dtype="float32").reshape(2, places, 4)
    step = Asked(states, np.zeros((2, 3, 4), "float32"))
    label, weight = np.asarray([[5, 1, 0], [2, 2, 0]]), np.asarray([[1, 1, 0], [0.5, 1, 0]], "float32")
    total, weights = run(lambda: Match().loss(step, label, weight, {}))
    assert (total, weights) == (10.5, 3.5)
    np.testing.assert_array_equal(step.asked.target, label)
    np.testing.assert_array_equal(step.asked.weight, weight)
    np.testing.assert_array_equal(np.asarray(step.asked.states), np.broadcast_to(states, (2, 3, 4)))


@pytest.mark.parametrize("method", ["labels", "head", "loss", "predict", "metrics"])
def test_a_task_must_bring_its_methods(method):
    arguments = {"labels": 2, "head": 2, "loss": 4, "predict": 2, "metrics": 4}[method]
    with pytest.raises(NotImplementedError):
        getattr(Task(), method)(*[None] * arguments)


@pytest.mark.slow
@pytest.mark.parametrize("task", [NextItem(), Match()])
def test_in_a_whole_model_from_cells_to_an_export(tmp_path, task):
    time = "timestamp" if task.ordered else None
    schema = Schema(
        item=[Category("name")], item_identity=False, user_identity=False, tasks=[task], timestamp=time
    )
    known = whole(tmp_path, schema, epochs=200)
    # without an order the item before is as good an answer as the one after
    expected = [
        {f"i{(n + step) % EXAMPLES}" for step in ((1,) if task.ordered else (-1, 1))} for n in range(EXAMPLES)
    ]
    found = [set(items) for items in known.recommended(k=len(expected[0]))]
    assert np.mean([one == other for one, other in zip(found, expected, strict=True)]) >= 0.95
