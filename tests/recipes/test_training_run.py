"""A run that was interrupted is gone on with by the same call."""

import dataclasses
import json

import keras
import numpy as np
import pytest

import small
from tfmmrec.recipes import training_run as recipe
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.training_run import training_run
from tfmmrec.training import Run
from tfmmrec.training.checkpoint import LAST

SETTINGS = Settings(
    width=8,
    epochs=4,
    batch_events=4096,
    k=(5,),
    tensorboard=True,
    only={"tasks": ["next_item"], "item": ["item_id"], "event": []},
)


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


class Lines:
    """A report that keeps what it is told, and ends the process in an epoch of training."""

    def __init__(self, killed_in=None):
        self.said, self.trained, self.killed_in = [], [], killed_in

    def __call__(self, stage, done, total, note=""):
        if stage == "training":
            self.trained.append(note.split(",")[0])
            if self.trained[-1] == self.killed_in:
                raise Killed

    def line(self, text):
        self.said.append(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small.write(tmp_path_factory.mktemp("data"))


def test_it_goes_on_with_the_next_epoch_and_then_with_judging(folder, tmp_path, monkeypatch):
    run = tmp_path / "run"
    schema = small.schema()
    with pytest.raises(Killed):
        training_run(folder, schema, run, SETTINGS, report=Lines("epoch 3"))
    with pytest.raises(ValueError, match=r"other settings: .*epochs \(4 then, 5 now\)"):
        training_run(folder, schema, run, Settings(**{**vars(SETTINGS), "epochs": 5}))

    def killed(*_):
        raise Killed

    second = Lines()
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(recipe, "judge", killed)
        training_run(folder, schema, run, SETTINGS, report=second)
    assert "An earlier training was interrupted: going on with epoch 3." in second.said
    assert set(second.trained) == {"epoch 3", "epoch 4"}
    with pytest.raises(ValueError, match="begun with other settings: seed .0 then, 1 now."):
        training_run(folder, schema, run, Settings(**{**vars(SETTINGS), "seed": 1}))

    # as if it had been interrupted a little earlier
    (run / "plots" / "curves.png").unlink()
    (run / "checkpoint").mkdir()
    (run / "checkpoint" / LAST).write_bytes(b"of the training that is over")

    third = Lines()
    trained = training_run(folder, schema, run, SETTINGS, replace=True, report=third)
    assert "The model is trained already; what is left is to judge it." in third.said
    assert not third.trained
    assert json.loads((run / "metrics.json").read_text())["test"].keys() >= {"ndcg@5"}
    assert 1 <= trained.epoch <= 4 and not (run / "checkpoint").exists()
    assert {path.name for path in (run / "plots").iterdir()} >= {"curves.png"}
    last, best = (keras.saving.load_model(run / f"{name}.keras", compile=False) for name in ("last", "model"))
    same = np.array_equal(*(np.asarray(model.identity_table) for model in (last, best)))
    assert same == (trained.epoch == 4)

    numbers, fourth = (run / "metrics.json").read_text(), Lines()
    again = training_run(folder, schema, run, SETTINGS, report=fourth)
    assert any("is over; here are its numbers" in line for line in fourth.said) and not fourth.trained
    assert (run / "metrics.json").read_text() == numbers
    assert again.judgements.keys() == trained.judgements.keys() and again.epoch == trained.epoch
    prepared = (run / "prepared" / "manifest.json").read_text()
    other = dataclasses.replace(schema, history=dataclasses.replace(schema.history, length=3))
    with pytest.raises(ValueError, match="other settings: the schema. Give those to go on"):
        training_run(folder, other, run, SETTINGS)
    assert (run / "prepared" / "manifest.json").read_text() == prepared
    assert scalars(run / "tensorboard", "epoch_validation ndcg@5").keys() == {0, 1, 2, 3}


def scalars(board, tag):
    """Step → value of a curve for TensorBoard."""
    import tensorflow as tf

    events = [
        event
        for file in sorted(board.rglob("events.*"))
        for event in tf.compat.v1.train.summary_iterator(str(file))
    ]
    values = [(event.step, value) for event in events for value in event.summary.value if value.tag == tag]
    return {step: float(tf.make_ndarray(value.tensor)) for step, value in values}


def test_an_interrupted_run_of_other_settings_or_data_is_left_as_it_is_or_replaced(tmp_path):
    folder, schema, run = small.write(tmp_path / "data"), small.schema(), tmp_path / "run"
    with pytest.raises(Killed):
        training_run(folder, schema, run, SETTINGS, report=Lines("epoch 2"))
    left = (run / "config.json").read_text()
    other = Settings(**{**vars(SETTINGS), "epochs": 1})
    for _ in range(2):
        with pytest.raises(ValueError, match=r"epochs \(4 then, 1 now\). Give those to go on, another name"):
            training_run(folder, schema, run, other)
    assert (run / "config.json").read_text() == left

    events = (folder / "events.csv").read_text().splitlines()
    (folder / "events.csv").write_text("\n".join(events[:-5]) + "\n")
    with pytest.raises(ValueError, match=r"begun with other settings: split_sha256 \('.*' then"):
        training_run(folder, schema, run, SETTINGS)
    trained = training_run(folder, schema, run, other, replace=True)
    assert trained.epoch == 1 and len(json.loads((run / "curves.json").read_text())) == 1


def test_two_trainings_do_not_share_a_run(folder, tmp_path):
    with Run(tmp_path / "run").locked():
        (tmp_path / "run" / "config.json").write_text("{}")
        with pytest.raises(ValueError, match="Another training runs in"):
            training_run(folder, small.schema(), tmp_path / "run", SETTINGS)
    with Run(tmp_path / "run").locked():
        pass
