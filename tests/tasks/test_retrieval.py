"""The tasks that rank the catalogue."""

from types import SimpleNamespace

import numpy as np
import pytest
from keras import ops

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
    total, weights = run(lambda: Match().weighted_loss(step, label, weight, {}))
    assert (total, weights) == (10.5, 3.5)
    np.testing.assert_array_equal(step.asked.target, label)
    np.testing.assert_array_equal(step.asked.weight, weight)
    np.testing.assert_array_equal(np.asarray(step.asked.states), np.broadcast_to(states, (2, 3, 4)))


@pytest.mark.backend
def test_losses_against_a_sample_by_hand():
    """One state, two candidates; the own logits are 0, the one other's are ln 3 and 0 at a share of 1."""

    class Sampled(Asked):
        items = 3

        def sample(self, target, states):
            assert states.shape == (1, 2, 4)
            return (
                ops.zeros(2),
                ops.convert_to_tensor(np.log([[3.0], [1.0]]).astype("float32")),
                ops.ones((2, 1)),
            )

    step = Sampled(np.zeros((1, 1, 4), "float32"), np.zeros((1, 2, 4), "float32"))
    label, weight = np.asarray([[5, 1]]), np.asarray([[1, 2]], "float32")
    total, weights = run(lambda y, w: Match(loss="bpr").weighted_loss(step, y, w, {}), label, weight)
    assert (float(total), float(weights)) == (pytest.approx(-np.log(1 / 4) - 2 * np.log(1 / 2), rel=1e-5), 3)
    total, _ = run(lambda y, w: NextItem(loss="gbce").weighted_loss(step, y, w, {}), label, weight)
    own = -(1 - 0.75 / 2) * np.log(0.5)  # one of two others
    assert total == pytest.approx((own - np.log(1 / 4)) / 2 + 2 * (own - np.log(1 / 2)) / 2, rel=1e-5)


def test_losses_are_explained():
    assert NextItem(loss="gbce", calibration=0.5).to_dict() == {
        "task": "NextItem",
        "loss": "gbce",
        "calibration": 0.5,
    }
    assert NextItem(loss="bpr").sampled and not NextItem().sampled
    with pytest.raises(ValueError, match="NextItem: there is no loss 'bce'; take one of softmax, bpr, gbce"):
        NextItem(loss="bce")
    with pytest.raises(ValueError, match=r"Match: calibration must be in \[0, 1\], got 2"):
        Match(calibration=2)


@pytest.mark.parametrize("method", ["labels", "head", "weighted_loss", "predict", "metrics"])
def test_a_task_must_bring_its_methods(method):
    arguments = {"labels": 2, "head": 2, "weighted_loss": 4, "predict": 2, "metrics": 4}[method]
    with pytest.raises(NotImplementedError):
        getattr(Task(), method)(*[None] * arguments)


@pytest.mark.slow
@pytest.mark.parametrize("task", [NextItem(), Match(), NextItem(loss="bpr"), NextItem(loss="gbce")])
def test_in_a_whole_model_from_cells_to_an_export(tmp_path, task):
    time = "timestamp" if task.ordered else None
    schema = Schema(
        item=[Category("name")], item_identity=False, user_identity=False, tasks=[task], timestamp=time
    )
    epochs = 80 if task.loss == "gbce" else 20  # logits of yes and no take longer to part
    known = whole(tmp_path, schema, epochs=epochs)
    # without an order the item before is as good an answer as the one after
    expected = [
        {f"i{(n + step) % EXAMPLES}" for step in ((1,) if task.ordered else (-1, 1))} for n in range(EXAMPLES)
    ]
    found = [set(items) for items in known.recommended(k=len(expected[0]))]
    assert np.mean([one == other for one, other in zip(found, expected, strict=True)]) >= 0.95
