"""Parts that stand still for the first epochs: bit for bit, and as if interrupted never."""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from backends import JIT
from tfmmrec.models import build_recommender
from tfmmrec.training import fit
from tfmmrec.training.parts import check_parts, is_of


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


class Watch(keras.callbacks.Callback):
    """Weights at the end of each epoch, by path."""

    def __init__(self):
        super().__init__()
        self.epochs = []

    def on_epoch_end(self, epoch, logs=None):
        self.model.sync()
        self.epochs.append({w.path: convert_to_numpy(w) for w in self.model.trainable_variables})


def model_of(data, **settings):
    schema = data.schema.only(item=["item_id", "year"], event=[], tasks=["like"])
    return build_recommender(
        schema, data.vocabulary, **{"width": 8, "fusion": "concat", "seed": 0, **settings}
    )


def train(data, freeze, model=None, **settings):
    """The model, and its weights before the training and after each epoch of four steps."""
    model, watch = model or model_of(data), Watch()
    begun = {weight.path: convert_to_numpy(weight) for weight in model.trainable_variables}
    arguments = {"epochs": 3, "batch_events": 80, "learning_rate": 0.03, "deterministic": True}
    fit(model, data.train, freeze=freeze, callbacks=[watch], jit_compile=JIT, **{**arguments, **settings})
    return model, [begun, *watch.epochs]


def stood_still(weights, name, epoch):
    """Whether all of a part is in the epoch's end what it was in its beginning, or all of it is not."""
    paths = [path for path in weights[0] if is_of(path, name)]
    same = [np.array_equal(weights[epoch][path], weights[epoch - 1][path]) for path in paths]
    assert paths and all(same) == any(same), name
    return all(same)


@pytest.mark.backend
def test_each_part_thaws_in_its_epoch(small_data):
    """Weights, which decay otherwise, and moments; the others' gradients are clipped without theirs."""
    freeze = {"item_id": 2, "fusion": 1, "history": 0, "year": 9}
    model, weights = train(small_data, freeze)
    moved = {name: [not stood_still(weights, name, e) for e in (1, 2, 3)] for name in freeze}
    assert moved == {
        "item_id": [False, False, True],
        "fusion": [False, True, True],
        "history": [True, True, True],
        "year": [False, False, False],
    }
    optimizer = model.optimizer
    for at, weight in enumerate(model.trainable_variables):
        moments = [convert_to_numpy(each[at]) for each in (optimizer._momentums, optimizer._velocities)]
        assert all(np.abs(one).max() == 0 for one in moments) == weight.path.startswith("year/"), weight.path


@pytest.mark.slow
@pytest.mark.backend
def test_frozen_gradients_are_not_clipped_with(small_data):
    """The step of the others is that of a model whose frozen part cannot be trained at all."""
    _, frozen = train(small_data, {"item_id": 3, "year": 3}, epochs=1)
    model = model_of(small_data)
    for name in ("item_id", "year"):
        model.item_tower.get_layer(name).trainable = False
    _, untrainable = train(small_data, None, model, epochs=1)
    for path, value in untrainable[-1].items():
        np.testing.assert_allclose(frozen[-1][path], value, rtol=1e-5, atol=2e-6, err_msg=path)


@pytest.mark.backend
@pytest.mark.parametrize(
    "settings",
    [
        {"ema": 0.9},
        pytest.param({"accumulate": 2}, marks=pytest.mark.slow),
        pytest.param(
            {"modulation": {"strength": 0.5, "noise": True}, "layer_decay": 0.5}, marks=pytest.mark.slow
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("kill", [(2, 2), pytest.param((3, 1), marks=pytest.mark.slow)], ids=str)
def test_interrupted_it_ends_like_one_in_one_go(small_data, tmp_path, settings, kill):
    auxiliary = {"probe": True} if "modulation" in settings else None

    def ended(folder=None, kill=None):
        def on_step(epoch, step, steps, loss):
            if (epoch, step) == kill:
                raise Killed

        model = model_of(small_data, auxiliary=auxiliary)
        kept = {"checkpoint": folder, "checkpoint_every": 0.0, "on_step": on_step}
        model, _ = train(small_data, {"item_id": 1, "year": 2}, model, **kept, **settings)
        return model.get_weights()

    whole = ended()
    with pytest.raises(Killed):
        ended(tmp_path, kill)
    for one, other in zip(ended(tmp_path), whole, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_another_schedule_does_not_go_on(small_data, tmp_path):
    def stop(*_):
        raise Killed

    with pytest.raises(Killed):
        train(small_data, {"year": 1}, checkpoint=tmp_path, checkpoint_every=0.0, on_epoch=stop)
    with pytest.raises(
        ValueError, match=r"had other settings: freeze \(\{'year': 1\} then, \{'year': 2\} now"
    ):
        train(small_data, {"year": 2}, checkpoint=tmp_path)


@pytest.mark.parametrize(
    ("freeze", "match"),
    [
        (
            {"postr": 3},
            "freeze: the model has no part 'postr' that learns. There are: content_scale, fusion, history, "
            "item_id, item_id_missing, like_head, sharing, year, year_missing",
        ),
        ({"fusion/projektion": 1}, "no part 'fusion/projektion' that learns. There are: fusion/norm, "),
        ({"year": -1}, "'year' is frozen for a whole number of epochs, got -1"),
        ({"year": 1.5}, "'year' is frozen for a whole number of epochs, got 1.5"),
    ],
)
def test_what_there_is_not(small_data, freeze, match):
    with pytest.raises(ValueError, match=match):
        fit(model_of(small_data), small_data.train, freeze=freeze)


def test_not_with_an_optimizer_of_ones_own(small_data):
    with pytest.raises(ValueError, match="the optimizer that fit makes, and SGD would go on moving"):
        fit(model_of(small_data), small_data.train, freeze={"year": 1}, optimizer=keras.optimizers.SGD(0.1))


def test_parts_are_whole_steps_of_a_path(small_data):
    assert is_of("plot/words/embeddings", "plot/words") and is_of("plot", "plot")
    assert not is_of("plot_missing/token", "plot") and not is_of("plot/words_2/kernel", "plot/words")
    check_parts(model_of(small_data), ["year", "history", "fusion/projection"], "freeze")
