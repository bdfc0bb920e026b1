"""How the losses of several tasks make one update."""

from typing import Any, ClassVar

import keras
import numpy as np
import pytest
from keras import ops

from backends import JIT, arrays
from tfmmrec.balancing import Balancing
from tfmmrec.models import Gradients, build_recommender
from tfmmrec.training import fit

TASKS = ["click", "stars", "next"]
GRADIENTS = {  # two shared variables, and each task's head
    "click": ([[1, 2], [0, 1]], [1, 0, 0], [5], [0], [0]),
    "stars": ([[-1, 1], [2, 0]], [0, 2, 0], [0], [6], [0]),
    "next": ([[0, -1], [1, 1]], [0, 0, 3], [0], [0], [7]),
    "added": ([[1, 0], [0, 0]], [0, 0, 0], [0], [0], [0]),
}


def given(losses: dict[str, float], of: dict[str, Any] = GRADIENTS) -> Gradients:
    """A step with these losses, whose gradients are known."""
    found = {name: [np.asarray(one, "float32") for one in of[name]] for name in losses}
    variables = [ops.convert_to_tensor(one) for one in next(iter(found.values()))]

    def pullback(weights: list[Any]) -> list[Any]:
        return [
            sum(w * ops.convert_to_tensor(one) for w, one in zip(weights, of_variable, strict=True))
            for of_variable in zip(*found.values(), strict=True)
        ]

    return Gradients(
        {name: ops.convert_to_tensor(np.float32(x)) for name, x in losses.items()}, variables, pullback
    )


def made_one(
    balancing: Balancing, losses: dict[str, float], of: dict[str, Any] = GRADIENTS
) -> list[np.ndarray]:
    """The update, as arrays."""
    return arrays(balancing(given(losses, of)))


class BalancingContract:
    """`component` is the member's class, `settings` are its own arguments."""

    component: ClassVar[type[Balancing]]
    settings: ClassVar[dict[str, Any]] = {}

    def balancing(self, names: list[str] = TASKS, steps: int = 2) -> Balancing:
        return self.component(names, steps, **self.settings)

    @pytest.mark.backend
    def test_an_update_is_a_weighted_sum_of_the_tasks_gradients(self):
        balancing = self.balancing()
        for losses in ((1.0, 2.0, 3.0), (0.5, 1.0, 2.9), (0.4, 0.9, 2.8), (0.3, 0.9, 2.5)):
            update = made_one(balancing, dict(zip(TASKS, losses, strict=True)))
            weights = np.asarray([update[1][0] / 1, update[1][1] / 2, update[1][2] / 3])
            expected = sum(w * np.asarray(GRADIENTS[name][0]) for w, name in zip(weights, TASKS, strict=True))
            np.testing.assert_allclose(update[0], expected, rtol=1e-4, atol=1e-5)
            own = weights if not self.component.shared_alone else None
            heads = np.asarray([update[2][0] / 5, update[3][0] / 6, update[4][0] / 7])
            if own is not None:
                np.testing.assert_allclose(heads, own, rtol=1e-4)
            assert np.isfinite(heads).all() and (heads > 0).all()

    @pytest.mark.backend
    def test_what_layers_add_counts_as_it_is(self):
        losses = dict(zip(TASKS, (1.0, 2.0, 3.0), strict=True))
        without = made_one(self.balancing(), losses)
        update = made_one(self.balancing(), {**losses, "added": 0.5})
        np.testing.assert_allclose(update[0] - without[0], [[1, 0], [0, 0]], atol=1e-5)
        for one, other in zip(update[1:], without[1:], strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)

    @pytest.mark.backend
    def test_a_task_without_labels_changes_nothing_that_is_remembered_of_it(self):
        nothing = {**GRADIENTS, "stars": tuple(0 * np.asarray(one) for one in GRADIENTS["stars"])}
        balancing = self.balancing()
        for _ in range(4):
            update = made_one(balancing, {"click": 1.0, "stars": 0.0, "next": 2.0}, nothing)
            assert all(np.isfinite(one).all() for one in update) and not update[3].any()
            assert update[2][0] > 0 and update[4][0] > 0
        assert all(np.isfinite(np.asarray(ops.convert_to_numpy(one))).all() for one in balancing.variables)

    def test_a_task_alone_goes_downhill(self):
        balancing = self.balancing(["click"])
        for loss in (3.0, 2.0, 1.0):
            update = made_one(balancing, {"click": loss})
            times = update[2][0] / 5
            assert times > 0
            for one, gradient in zip(update, GRADIENTS["click"], strict=True):
                np.testing.assert_allclose(one, times * np.asarray(gradient, "float32"), rtol=1e-5)

    def test_all_it_remembers_is_in_its_variables(self):
        """As a checkpoint would hold it: the same state makes the same update."""
        one, other = self.balancing(), self.balancing()
        assert not any(variable.trainable for variable in one.variables)
        steps = [dict(zip(TASKS, losses, strict=True)) for losses in ((1, 2, 3), (0.5, 2, 1), (0.2, 1, 1))]
        for losses in steps:
            made_one(one, losses)
        for kept, variable in zip(one.variables, other.variables, strict=True):
            variable.assign(ops.convert_to_numpy(kept))
        for losses in steps[::-1]:
            for a, b in zip(made_one(one, losses), made_one(other, losses), strict=True):
                np.testing.assert_array_equal(a, b)

    @pytest.mark.slow
    @pytest.mark.backend
    def test_a_model_learns_by_it(self, small_data):
        schema = small_data.schema.only(item=["item_id", "year"], event=[])
        model = build_recommender(schema, small_data.vocabulary, width=8, fusion="concat", seed=0)
        balancing = {"name": self.component.__name__, **self.settings}
        rate = {"epochs": 12, "learning_rate": 0.03, "jit_compile": JIT}
        records = fit(model, small_data.train, batch_events=100, balancing=balancing, **rate)
        assert model.gradient_hook is None
        for task in ("next_item", "like", "rating", "mood"):
            assert records[-1][f"{task}_loss"] < 0.9 * records[0][f"{task}_loss"], task
        assert keras.backend.backend() != "jax" or len(records) == 12
