"""A balancing in a training: chosen by name, kept in checkpoints, gone when it is over."""

import functools

import numpy as np
import pytest

from backends import JIT
from tfmmrec.balancing import PCGrad
from tfmmrec.models import build_recommender, sum_gradients
from tfmmrec.training import fit


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


def model_of(data):
    schema = data.schema.only(item=["item_id"], event=[], tasks=["like", "rating"])
    return build_recommender(schema, data.vocabulary, width=8, seed=0)


def train(data, balancing, folder=None, kill=None):
    """Weights after two epochs of four steps."""
    model = model_of(data)

    def on_step(epoch, step, steps, loss):
        if (epoch, step) == kill:
            raise Killed

    settings = {"epochs": 2, "batch_events": 80, "checkpoint_every": 0.0, "deterministic": True}
    fit(
        model,
        data.train,
        balancing=balancing,
        checkpoint=folder,
        on_step=on_step,
        learning_rate=0.03,
        jit_compile=JIT,
        **settings,
    )
    assert model.gradient_hook is None and len(model.variables) >= len(model.weights)
    return [np.array(weight) for weight in model.get_weights()]


@pytest.fixture(scope="module")
def whole(small_data):
    """``kind → weights`` of a training in one go, of each kind once."""
    return functools.cache(lambda kind: train(small_data, BALANCINGS[kind]))


BALANCINGS = {
    "fixed": "fixed",
    "attention_weighted": {"name": "attention_weighted", "temperature": 0.1},
    "pc_grad": {"name": PCGrad, "seed": 3},
    "grad_norm": "grad_norm",
    "dwa": "dwa",
    "uncertainty": "uncertainty",
    "mgda": "mgda",
}
SLOW = (pytest.mark.slow, pytest.mark.backend)


@pytest.mark.parametrize(
    "kind",
    [
        "attention_weighted",
        *(pytest.param(kind, marks=SLOW) for kind in ("pc_grad", "grad_norm", "dwa", "uncertainty", "mgda")),
    ],
)
def test_a_training_that_was_killed_goes_on_bit_for_bit(small_data, tmp_path, kind, whole):
    with pytest.raises(Killed):
        train(small_data, BALANCINGS[kind], tmp_path, kill=(2, 2))
    again = train(small_data, BALANCINGS[kind], tmp_path)
    for one, other in zip(again, whole(kind), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_training_that_cannot_begin_leaves_no_hook(small_data):
    model = model_of(small_data)
    with pytest.raises(ValueError, match="no feature 'poster'"):
        fit(model, small_data.train, balancing="pc_grad", rates={"poster": 0.1})
    assert model.gradient_hook is None


@pytest.mark.slow
def test_each_trains_in_its_own_way(whole):
    """But for DWA, which weighs from the third epoch on."""
    ended = [np.concatenate([one.ravel() for one in whole(kind)]) for kind in BALANCINGS if kind != "dwa"]
    for at, one in enumerate(ended):
        for other in ended[:at]:
            assert np.abs(one - other).max() > 1e-6


def test_what_cannot_be_chosen_is_explained(small_data):
    model = model_of(small_data)
    with pytest.raises(ValueError, match=r"There is no balancing 'pcgard'. Did you mean 'pcgrad'\?"):
        fit(model, small_data.train, balancing="pcgard")
    model.gradient_hook = sum_gradients
    with pytest.raises(ValueError, match="has a gradient hook, and balancing='dwa' is one, too; give one"):
        fit(model, small_data.train, balancing="dwa")
