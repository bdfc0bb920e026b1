"""A training that is killed and begun again ends like one that was not."""

import dataclasses

import keras
import numpy as np
import pytest

from backends import JIT
from tfmmrec.modalities import History
from tfmmrec.models import build_recommender
from tfmmrec.training import callbacks, fit
from tfmmrec.training.checkpoint import LAST, Checkpoint, KeepCheckpoint


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


def kill_at(epoch, step):
    """An ``on_step`` that ends the process, in a manner of speaking."""

    def on_step(at_epoch, at_step, steps, loss):
        if (at_epoch, at_step) == (epoch, step):
            raise Killed

    return on_step


@pytest.fixture(scope="module")
def train(small_data):
    """``(folder, …) → (weights, records)``, of the same short training with dropout every time."""
    history = History(length=7, layers=1, heads=2, dropout=0.2)
    schema = dataclasses.replace(small_data.schema, history=history)
    schema = schema.only(item=["item_id", "year"], event=[], tasks=["next_item"])  # little to trace

    def run(folder=None, seed=0, **settings):
        model = build_recommender(schema, small_data.vocabulary, width=8, seed=seed)
        arguments = {
            "epochs": 3,
            "batch_events": 80,
            "learning_rate": 0.03,
            "refresh_every": 3,
            "patience": 9,
        }
        records = fit(
            model,
            small_data.train,
            small_data.validation,
            seed=seed,
            deterministic=True,
            jit_compile=JIT,
            checkpoint=folder,
            **{**arguments, **settings},
        )
        return [np.array(weight) for weight in model.get_weights()], records

    return run


@pytest.fixture(scope="module")
def whole(train):
    return train()


def without_times(records):
    times = ("seconds", "waiting")
    return [{name: value for name, value in record.items() if name not in times} for record in records]


@pytest.mark.backend
@pytest.mark.parametrize(
    ("place", "every"),
    [
        pytest.param((2, 3), 0.0, id="within an epoch"),
        pytest.param((1, 1), 0.0, id="first step", marks=pytest.mark.slow),
        pytest.param((3, 4), 0.0, id="last step", marks=pytest.mark.slow),
        pytest.param((2, 3), 1e9, id="written after epochs alone", marks=pytest.mark.slow),
    ],
)
def test_it_ends_bit_for_bit_like_one_in_one_go(train, whole, tmp_path, place, every):
    with pytest.raises(Killed):
        train(tmp_path / "state", checkpoint_every=every, on_step=kill_at(*place))
    # nothing is written before the first step is told of
    assert (tmp_path / "state" / LAST).is_file() == (place[0] > 1)
    steps = []
    weights, records = train(tmp_path / "state", on_step=lambda *at: steps.append(at[:2]))
    for one, other in zip(weights, whole[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert without_times(records) == without_times(whole[1])
    again = [(e, s) for e in (1, 2, 3) for s in (1, 2, 3, 4)]
    # the state is written after the step that is told of here, so that step is made again
    begun = again.index(place) if every == 0.0 else 4 * (place[0] - 1)
    assert steps == again[begun:]
    assert not (tmp_path / "state").exists()


def save_after_the_last_step_too(keeper, batch, logs=None):
    """As a state may have been written by an earlier version."""
    keeper._save(keeper.epoch, keeper.first + batch + 1)


@pytest.mark.backend
@pytest.mark.parametrize(
    ("earlier", "goes_on"),
    [
        pytest.param(False, (2, 4), id="written within the epoch"),
        pytest.param(True, (3, 1), id="written after its last step", marks=pytest.mark.slow),
    ],
)
def test_killed_while_it_validates_it_goes_on(train, whole, tmp_path, monkeypatch, earlier, goes_on):
    evaluate, killed = callbacks.evaluate, iter([False, True])

    def killed_at_the_second(*given):
        if next(killed):
            raise Killed
        return evaluate(*given)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(callbacks, "evaluate", killed_at_the_second)
        if earlier:
            patched.setattr(KeepCheckpoint, "on_train_batch_end", save_after_the_last_step_too)
        train(tmp_path / "state", checkpoint_every=0.0)
    assert Checkpoint(tmp_path / "state").note()["step"] == (4 if earlier else 3)
    steps = []
    weights, records = train(tmp_path / "state", on_step=lambda *at: steps.append(at[:2]))
    for one, other in zip(weights, whole[0], strict=True):
        np.testing.assert_array_equal(one, other)
    assert without_times(records) == without_times(whole[1])
    assert steps[0] == goes_on and steps[-1] == (3, 4)


@pytest.mark.slow
def test_averages_and_accumulated_gradients_go_on_too(train, tmp_path):
    settings = {"ema": 0.9, "accumulate": 2, "schedule": "linear"}
    with pytest.raises(Killed):
        train(tmp_path / "state", checkpoint_every=0.0, on_step=kill_at(2, 2), **settings)
    for one, other in zip(train(tmp_path / "state", **settings)[0], train(**settings)[0], strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_training_does_not_go_on_from_it(train, tmp_path):
    with pytest.raises(Killed):
        train(tmp_path / "state", checkpoint_every=0.0, on_step=kill_at(1, 2))
    with pytest.raises(
        ValueError, match=r"had other settings: epochs \(3 then, 4 now\), seed \(0 then, 1 now\)"
    ):
        train(tmp_path / "state", epochs=4, seed=1)
    assert (tmp_path / "state" / LAST).is_file()


def test_a_damaged_state_is_told_of(train, tmp_path):
    (tmp_path / LAST).write_bytes(b"half of it")
    with pytest.raises(ValueError, match=r"last.npz' cannot be read .* Delete its folder to begin anew"):
        train(tmp_path)


def test_a_full_disk_leaves_the_state_before(monkeypatch, tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    kept = Checkpoint(tmp_path)
    kept.save(model, {"epoch": 1})

    def full(file, **arrays):
        file.write(b"some of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        kept.save(model, {"epoch": 2})
    assert [path.name for path in tmp_path.iterdir()] == [LAST] and kept.note() == {"epoch": 1}


def test_the_best_weights_outlive_the_process_and_the_others_go(tmp_path):
    kept = Checkpoint(tmp_path)
    for epoch in (0, 3):
        kept.save_best([np.full(2, epoch), np.zeros((1, 2))], epoch)
    kept.forget_bests(but=3)
    assert [path.name for path in tmp_path.iterdir()] == ["best-3.npz"]
    assert [array.tolist() for array in kept.best(3)] == [[3, 3], [[0, 0]]]
    with pytest.raises(ValueError, match=r"best-0.npz' cannot be read"):
        kept.best(0)
