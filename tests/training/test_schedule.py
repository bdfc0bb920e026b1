"""The learning rate by hand: its warm-up, its curves, and what an update of several batches learns at."""

import math

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from contracts.samples import random, remade
from tfmmrec.training.row_updates import RowAdamW
from tfmmrec.training.schedule import Schedule


def rates(schedule, steps):
    return [float(schedule(step)) for step in steps]


@pytest.mark.backend
@pytest.mark.parametrize(
    ("shape", "halfway", "end"), [("cosine", 0.05, 0.0), ("linear", 0.05, 0.0), ("constant", 0.1, 0.1)]
)
def test_it_rises_for_a_twentieth_and_falls(shape, halfway, end):
    schedule = Schedule(0.1, 80, shape)  # 4 updates of warm-up
    assert rates(schedule, (0, 1, 3, 4)) == pytest.approx([0, 0.025, 0.075, 0.1])
    assert rates(schedule, (42, 80, 99)) == pytest.approx([halfway, end, end], abs=1e-7)


def test_the_warm_up_is_at_most_a_thousand_updates():
    assert Schedule(0.1, 10**6).warm_up == 1000 and Schedule(0.1, 20).warm_up == 1


@pytest.mark.parametrize("steps", [1, 2, 19])
def test_a_short_training_begins_at_the_peak(steps):
    assert rates(Schedule(0.1, steps), [0]) == pytest.approx([0.1])


@pytest.mark.backend
def test_batches_of_one_update_have_its_rate():
    """40 updates of 4 batches learn as 40 of one batch do: the first at 0, the last near 0 and not before."""
    alone, together = Schedule(0.1, 40), Schedule(0.1, 40, accumulate=4)
    made = range(3, 160, 4)  # the batches whose gradients complete an update
    assert rates(together, made) == rates(alone, range(40))
    assert rates(together, (3, 7, 159)) == pytest.approx(
        [0, 0.05, 0.05 * (1 + math.cos(math.pi * 37 / 38))], rel=1e-4
    )


@pytest.mark.backend
def test_an_optimizer_that_accumulates_learns_at_the_rate_of_the_update():
    """In the first update of Adam a weight moves by the rate; Keras counts batches in the meantime."""
    weight = keras.Variable(random(3), name="weight")
    schedule = Schedule(0.1, 2, "linear", warm_up=0, accumulate=3)
    optimizer = RowAdamW(schedule, weight_decay=0.0, gradient_accumulation_steps=3)
    optimizer.build([weight])
    seen = []
    for _ in range(6):
        optimizer.apply([keras.ops.ones(3)], [weight])
        seen.append(np.array(convert_to_numpy(weight)))
    moved = np.abs(np.diff([random(3), *seen], axis=0)).max(axis=1)
    np.testing.assert_allclose(moved, [0, 0, 0.1, 0, 0, 0.05], rtol=1e-3, atol=1e-7)


def test_configuration():
    schedule = Schedule(0.1, 40, "linear", warm_up=3, accumulate=2)
    assert remade(schedule).get_config() == schedule.get_config()


def test_another_shape_is_explained():
    with pytest.raises(ValueError, match="schedule is cosine, linear, constant; got 'cosin'"):
        Schedule(0.1, 40, "cosin")
