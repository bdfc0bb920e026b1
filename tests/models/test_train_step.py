"""The hook between gradients and the update."""

import dataclasses

import keras
import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from backends import JIT
from contracts.samples import random
from tfmmrec import balancing
from tfmmrec.balancing import Balancing
from tfmmrec.members import members
from tfmmrec.models import sum_gradients
from tfmmrec.models.train_step import TrainStep


def updated(model, batch):
    """Trainable weights after one step, by path."""
    x, y, w = batch
    model.train_on_batch({name: x[name] for name in model.input}, y, w)
    return {variable.path: convert_to_numpy(variable) for variable in model.trainable_variables}


@pytest.mark.backend
def test_a_hook_decides_the_update(make, small_data, batch):
    """Without one task's gradients the step is that of a batch without the task's labels."""
    x, y, w = batch
    settings = {"schema": small_schema(small_data.schema), "fusion": "concat"}
    plain, hooked = make(small_data, **settings), make(small_data, **settings)
    before = {variable.path: convert_to_numpy(variable) for variable in plain.trainable_variables}
    heard = {}

    def without_mood(gradients):
        each = gradients.each()
        heard.update({name: len(of_loss) == len(gradients.variables) for name, of_loss in each.items()})
        kept = [of_loss for name, of_loss in each.items() if name != "mood"]
        return [sum(of_variable) for of_variable in zip(*kept, strict=True)]

    hooked.gradient_hook = without_mood
    expected = updated(plain, (x, y, {**w, "mood": 0 * w["mood"]}))
    found = updated(hooked, batch)
    assert heard == dict.fromkeys(["next_item", "like", "rating", "mood"], True)
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, rtol=1e-4, atol=1e-6, err_msg=path)
        if "mood_head" in path:
            np.testing.assert_array_equal(value, before[path])
        elif "missing" not in path:  # hardly an item misses something
            assert np.abs(value - before[path]).max() > 0, path


def test_the_plain_hook_is_the_plain_step(make, small_data, batch):
    settings = {"schema": small_schema(small_data.schema), "fusion": "concat", "alignment": "contrastive"}
    plain, hooked = make(small_data, **settings), make(small_data, **settings)
    losses = []

    def hook(gradients):
        losses[:] = gradients.losses
        return sum_gradients(gradients)

    hooked.gradient_hook = hook
    expected, found = updated(plain, batch), updated(hooked, batch)
    assert losses == ["next_item", "like", "rating", "mood", "added"]
    for path, value in expected.items():
        np.testing.assert_allclose(found[path], value, rtol=1e-4, atol=1e-6, err_msg=path)
    plain_logs, hooked_logs = plain.get_metrics_result(), hooked.get_metrics_result()
    assert {name: float(value) for name, value in hooked_logs.items()} == pytest.approx(
        {name: float(value) for name, value in plain_logs.items()}, rel=1e-4
    )


class EverySecond:
    """A hook with a memory: every second step counts twice."""

    def __init__(self):
        self.steps = keras.Variable(0, dtype="int32", trainable=False, name="steps")
        self.heard = keras.Variable(0.0, trainable=False, name="heard")
        self.variables = [self.steps, self.heard]

    def __call__(self, gradients):
        self.heard.assign(gradients.losses["like"])
        times = 1.0 + ops.cast(self.steps % 2, "float32")
        self.steps.assign(self.steps + 1)
        return gradients.of(dict.fromkeys(gradients.losses, times))


class Tiny(TrainStep, keras.Model):
    """Two heads over one layer: the least that has two losses."""

    id_tables = {}

    def compute_losses(self, x, y, y_pred, sample_weight, training):
        return {name: ops.mean(ops.square(y_pred[name] - y[name])) for name in ("like", "mood")}


def tiny():
    keras.utils.set_random_seed(0)
    x = keras.Input((3,))
    hidden = keras.layers.Dense(4, activation="tanh")(x)
    model = Tiny(x, {name: keras.layers.Dense(1, name=name)(hidden) for name in ("like", "mood")})
    model.compile(keras.optimizers.SGD(0.1), jit_compile=JIT)
    return model


@pytest.mark.backend
def test_a_hook_remembers_and_its_memory_is_no_weight_of_the_model():
    plain, hooked = tiny(), tiny()
    weights, variables = len(hooked.weights), len(hooked.variables)
    hooked.gradient_hook = EverySecond()
    assert (len(hooked.weights), len(hooked.variables)) == (weights, variables + 2)
    x, y = random(8, 3), {name: random(8, 1, seed=seed) for name, seed in (("like", 1), ("mood", 2))}
    for rate in (0.1, 0.2, 0.1):
        plain.optimizer.learning_rate = rate
        liked = np.mean((np.asarray(hooked.predict_on_batch(x)["like"]) - y["like"]) ** 2)
        plain.train_on_batch(x, y)
        hooked.train_on_batch(x, y)
        assert float(hooked.gradient_hook.heard) == pytest.approx(liked, rel=1e-5)
    assert int(hooked.gradient_hook.steps) == 3
    for one, other in zip(plain.get_weights(), hooked.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.backend
@pytest.mark.parametrize("kind", members(balancing, Balancing).values())
def test_balancing_within_a_compiled_step(kind):
    """What is remembered is there after the step, and the losses fall."""
    model = tiny()
    model.gradient_hook = kind(["like", "mood"], steps=2)
    before = [convert_to_numpy(one) for one in model.gradient_hook.variables]
    x, y = random(8, 3), {name: random(8, 1, seed=seed) for name, seed in (("like", 1), ("mood", 2))}
    losses = [float(model.train_on_batch(x, y)) for _ in range(13)]
    assert losses[-1] < 0.9 * losses[0]
    after = [convert_to_numpy(one) for one in model.gradient_hook.variables]
    assert all((one != other).any() for one, other in zip(before, after, strict=True))


def small_schema(schema):
    """Few features, so that it compiles soon, and none hidden at random: two models take the same step."""
    few = schema.only(item=["year", "genres"], event=[])
    return dataclasses.replace(few, item=[dataclasses.replace(feature, dropout=0.0) for feature in few.item])
