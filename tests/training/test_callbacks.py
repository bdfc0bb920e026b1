"""What happens between steps and epochs, without a model to wait for."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from tfmmrec.training import callbacks
from tfmmrec.training.callbacks import Curves, Feeding, RefreshContent, StepProgress, StopOnNaN, Validation


class Model:
    """Weights that are the number of the epoch, and a count of refreshes."""

    def __init__(self):
        self.weight, self.stop_training, self.refreshed = -1.0, False, []
        self.optimizer = SimpleNamespace(use_ema=False)

    def get_weights(self):
        return [np.asarray(self.weight)]

    def set_weights(self, weights):
        (self.weight,) = map(float, weights)

    def refresh(self, items):
        self.refreshed.append(items)


def validated(monkeypatch, values, monitor, patience):
    """The model after epochs with these validation metrics, and how many epochs there were."""
    model, told = Model(), []
    callback = Validation(SimpleNamespace(), monitor, patience, (10,))
    callback.set_model(model)
    for epoch, value in enumerate(values):
        found = SimpleNamespace(metrics={monitor: value, "other": 1.0})
        monkeypatch.setattr(callbacks, "evaluate", lambda *_, found=found: found)
        model.weight, logs = float(epoch), {"loss": 1.0}
        callback.on_epoch_end(epoch, logs)
        told.append(logs)
        if model.stop_training:
            break
    callback.give_best(model)
    assert told[0] == {"loss": 1.0, f"validation {monitor}": values[0], "validation other": 1.0}
    return model.weight, len(told)


@pytest.mark.parametrize(
    ("values", "monitor", "patience", "best", "epochs"),
    [
        ([0.1, 0.3, 0.2, 0.2, 0.9], "ndcg@10", 2, 1, 4),  # stops before the last is seen
        ([0.1, 0.3, 0.2, 0.2, 0.9], "ndcg@10", 3, 4, 5),
        ([0.1, 0.3, 0.3, 0.3], "ndcg@10", 2, 1, 4),  # as good is not better
        ([1.0, 0.5, 0.7, 0.6], "stars.rmse", 2, 1, 4),  # lower is better
        ([1.0, 0.5, 0.7], "like.log_loss", 9, 1, 3),
        ([0.5, 0.9, 0.7], "like.auc", 9, 1, 3),
    ],
)
def test_the_best_weights_are_kept_and_patience_ends(monkeypatch, values, monitor, patience, best, epochs):
    assert validated(monkeypatch, values, monitor, patience) == (best, epochs)


def test_an_unknown_monitor_is_explained(monkeypatch):
    found = SimpleNamespace(metrics={"ndcg@10": 0.1, "like.auc": 0.5})
    monkeypatch.setattr(callbacks, "evaluate", lambda *_: found)
    callback = Validation(SimpleNamespace(), "ndcg@20", 1, (10,))
    callback.set_model(Model())
    with pytest.raises(
        ValueError, match="no validation metric 'ndcg@20' to monitor; there are ..like.auc', 'ndcg@10"
    ):
        callback.on_epoch_end(0)


def test_a_monitor_that_is_no_number_is_explained(monkeypatch):
    with pytest.raises(ValueError, match=r"'ndcg@10' is nan in epoch 2, .* another monitor, such as 'other'"):
        validated(monkeypatch, [0.2, math.nan, 0.3], "ndcg@10", 9)


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_a_loss_that_is_no_number_stops_training(monkeypatch, loss):
    monkeypatch.setattr(callbacks, "first_not_finite", lambda model, x: f"it is {x}")
    guard = StopOnNaN([("b0", None, None), ("b1", None, None), ("b2", None, None)])
    guard.set_model(Model())
    guard.on_epoch_begin(2)
    guard.first = 1
    guard.on_train_batch_end(0, {"loss": 1.0})
    with pytest.raises(
        ValueError, match=f"loss is {loss} at step 3 of epoch 3: it is b2. Lower learning_rate"
    ):
        guard.on_train_batch_end(1, {"loss": loss})


def test_content_is_refreshed_at_the_start_and_every_few_steps_across_epochs():
    model, refresh = Model(), RefreshContent("items", steps=3)
    refresh.set_model(model)
    refreshed_at = []
    for step, batch in enumerate([0, 1, 2, 3, 0, 1, 2, 3]):  # two epochs of four batches
        refresh.on_train_batch_begin(batch)
        if len(model.refreshed) > len(refreshed_at):
            refreshed_at.append(step)
    assert refreshed_at == [0, 3, 6] and set(model.refreshed) == {"items"}


def test_batches_learn_which_epoch_begins():
    batches = SimpleNamespace(epoch=0)
    Feeding(batches).on_epoch_begin(3)
    assert batches.epoch == 3


class Planned:
    """Batches whose plan of an epoch takes a second."""

    def __init__(self, clock):
        self.clock, self.planned = clock, []

    @property
    def epoch(self):
        return self.planned[-1]

    @epoch.setter
    def epoch(self, epoch):
        self.clock.now += 1.0
        self.planned.append(epoch)


def test_waiting_is_the_share_of_an_epoch_spent_on_its_plan_and_its_batches(monkeypatch):
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(callbacks, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    feeding = Feeding(Planned(clock))
    shares = []
    for epoch, waits in enumerate([[0.5, 0.0, 1.5], [0.0, 0.0, 0.0]]):
        feeding.on_epoch_begin(epoch)
        for seconds in waits:
            feeding.waited(np.float64(seconds))
            clock.now += seconds + 2.0  # and a step
        logs = {"loss": 1.0}
        feeding.on_epoch_end(epoch, logs)
        shares.append(logs.pop("waiting"))
        assert logs == {"loss": 1.0}
        clock.now += 50.0  # validation
    assert shares == [3.0 / 9.0, 1.0 / 7.0]
    assert feeding.batches.planned == [0, 1]


def test_curves_keep_a_record_per_epoch():
    told = []
    curves = Curves(told.append)
    for epoch in range(2):
        curves.on_epoch_begin(epoch)
        curves.on_epoch_end(epoch, {"loss": np.float32(0.5 + epoch)})
    assert told == curves.records
    assert [record["epoch"] for record in told] == [1, 2]
    assert [record["loss"] for record in told] == [0.5, 1.5]
    assert all(record["seconds"] >= 0 and type(record["loss"]) is float for record in told)


def test_steps_are_reported_counted_from_one():
    told = []
    progress = StepProgress([None] * 7, lambda *report: told.append(report))
    progress.on_epoch_begin(1)
    progress.on_train_batch_end(0, {"loss": 0.5})
    progress.on_train_batch_end(1)
    assert told[0] == (2, 1, 7, 0.5)
    assert told[1][:3] == (2, 2, 7) and math.isnan(told[1][3])
