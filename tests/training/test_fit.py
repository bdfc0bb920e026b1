"""Training on a pattern that can be learnt, and what goes wrong in training."""

import dataclasses
import importlib
import json
import math

import keras
import numpy as np
import pytest

from backends import JIT
from tfmmrec.baselines import MostPopular
from tfmmrec.data.batches import Batches
from tfmmrec.evaluation import evaluate
from tfmmrec.modalities import History
from tfmmrec.models import build_recommender
from tfmmrec.training import Run, best_epoch, fit


@pytest.fixture(scope="module")
def trained(small_data, tmp_path_factory):
    # every user's eight training events are one window: one shape, one compilation
    history = History(length=7, layers=1, heads=2, dropout=0.0)
    schema = dataclasses.replace(small_data.schema, history=history)
    model = build_recommender(schema, small_data.vocabulary, width=16, seed=0)
    run = Run(tmp_path_factory.mktemp("runs") / "small")
    run.begin(schema, small_data, {"seed": 0})
    epochs, steps = [], []
    records = fit(
        model,
        small_data.train,
        small_data.validation,
        epochs=30,
        batch_events=100,
        learning_rate=0.01,
        patience=6,
        refresh_every=5,
        jit_compile=JIT,
        run=run,
        on_epoch=epochs.append,
        on_step=lambda *step: steps.append(step),
    )
    assert epochs == records
    assert [step[:3] for step in steps[:5]] == [(1, i, 4) for i in (1, 2, 3, 4)] + [(2, 1, 4)]
    assert len(steps) == 4 * len(records) and np.isfinite([loss for *_, loss in steps]).all()
    return model, run, records


@pytest.mark.backend
def test_it_finds_the_pattern(trained, small_data):
    model, _, records = trained
    found = evaluate(model, small_data.test).metrics
    popular = evaluate(MostPopular(small_data), small_data.test).metrics
    assert found["ndcg@10"] > 2 * popular["ndcg@10"]
    assert found["like.auc"] > 0.9
    assert found["rating.rmse"] < 1.0 and found["mood.accuracy"] > 0.9
    assert records[-1]["loss"] < 0.5 * records[0]["loss"]


@pytest.mark.backend
def test_it_ends_with_the_weights_of_the_best_epoch(trained, small_data):
    model, _, records = trained
    curve = [record["validation ndcg@10"] for record in records]
    best = best_epoch(records, "ndcg@10")
    assert curve[best - 1] == max(curve) and max(curve[: best - 1], default=0) < max(curve)
    assert len(records) in (best + 6, 30)  # patience
    assert evaluate(model, small_data.validation).metrics["ndcg@10"] == pytest.approx(max(curve), abs=1e-6)


@pytest.mark.backend
def test_an_epoch_tells_how_long_it_waited_for_batches(trained):
    _, _, records = trained
    assert all(0 < record["waiting"] < 1 for record in records)


def test_the_run_folder_holds_everything(trained, small_data):
    model, run, records = trained
    assert run.read("curves") == json.loads(json.dumps(records))
    for name in ("next_item", "like", "rating", "mood"):
        assert f"{name}_loss" in records[0]
    assert run.schema == model.schema
    again = Run.open(run.folder).load_model()
    vectors = [one.encode_items(small_data.items)["vector"] for one in (again, model)]
    np.testing.assert_allclose(*vectors, atol=1e-5)
    metrics = [evaluate(one, small_data.test).metrics for one in (again, model)]
    assert metrics[0] == pytest.approx(metrics[1], abs=1e-5)
    assert sorted(path.name for path in run.folder.iterdir()) == [
        *("config.json", "curves.json", "last.keras", "model.keras", "schema.json", "versions.json")
    ]


def one_task(data, task, **settings):
    """A model of ids and one head, which compiles soonest."""
    schema = data.schema.only(item=["item_id"], event=[], tasks=[task])
    return build_recommender(schema, data.vocabulary, width=8, seed=0, **settings)


def test_the_same_seed_gives_the_same_curves(small_data):
    curves = []
    for seed in (3, 3, 4):
        records = fit(
            one_task(small_data, "like"),
            small_data.train,
            epochs=2,
            batch_events=64,
            optimizer=keras.optimizers.SGD(0.1),
            seed=seed,
        )
        curves.append([record["loss"] for record in records])
    assert curves[0] == curves[1] != curves[2]


def test_the_rate_of_accumulated_gradients_falls_until_the_last_update(small_data, monkeypatch):
    """And not until as many batches: Keras asks the schedule with the number of the batch."""
    monkeypatch.setattr(importlib.import_module("tfmmrec.training.fit"), "_train", lambda *_: None)
    model = one_task(small_data, "like")
    fit(model, small_data.train, epochs=40, batch_events=80, accumulate=4, learning_rate=0.1)
    updates = 40 * len(Batches(small_data, model.schema, batch_events=80)) // 4
    warm_up = updates // 20
    assert warm_up >= 1

    def rate_of(update):
        """In the batch that completes it."""
        model.optimizer._iterations.assign(4 * update + 3)
        return float(model.optimizer.learning_rate)

    assert rate_of(0) == 0 and rate_of(warm_up) == pytest.approx(0.1)
    assert rate_of((updates + warm_up) / 2) == pytest.approx(0.05, rel=0.2)
    last = 0.05 * (1 + math.cos(math.pi * (updates - 1 - warm_up) / (updates - warm_up)))
    assert rate_of(updates - 1) == pytest.approx(last, rel=1e-3) and last > 0


def test_a_part_of_the_items_is_encoded_and_a_sample_is_drawn(small_data):
    """The two ways of a step that does not see every item, each for one epoch."""
    schema = small_data.schema.only(item=["item_id", "year"], event=[], tasks=["next_item"])
    for settings in ({"item_vectors": "cached"}, {"item_vectors": "encoded"}):
        model = build_recommender(schema, small_data.vocabulary, width=8, fusion="concat", seed=0, **settings)
        (record,) = fit(
            model,
            small_data.train,
            epochs=1,
            batch_events=64,
            encode_items=3,
            negatives=5,
            optimizer=keras.optimizers.SGD(0.1),
        )
        assert 0 < record["loss"] < 2 * np.log(24)


def test_what_cannot_be_trained_is_explained(small_data):
    model = one_task(small_data, "like")
    with pytest.raises(ValueError, match="validation split is empty: users need three events or more"):
        fit(model, small_data.train, small_data.cold)
    with pytest.raises(ValueError, match="no training events; check the split"):
        fit(model, small_data.cold)
    vocabulary = dataclasses.replace(small_data.vocabulary, trained_sha256="other")
    with pytest.raises(ValueError, match="built for data that were prepared otherwise"):
        fit(model, dataclasses.replace(small_data, vocabulary=vocabulary).train)
    with pytest.raises(
        ValueError, match=r"accumulate=99 batches make one update, and the training has \d+: "
    ):
        fit(model, small_data.train, epochs=2, accumulate=99)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"accumulate": 0}, "accumulate is a whole number of 1 or more, got 0"),
        ({"accumulate": 1.5}, "accumulate is a whole number of 1 or more, got 1.5"),
        ({"refresh_every": 0}, "refresh_every is a whole number of 1 or more, got 0"),
    ],
)
def test_counts_are_whole_numbers_from_1(small_data, settings, match):
    with pytest.raises(ValueError, match=match):
        fit(one_task(small_data, "like"), small_data.train, **settings)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        (
            {"accumulate": 4},
            "accumulate=4 is for .* SGD would .* gradient_accumulation_steps instead",
        ),
        ({"ema": 0.9}, "ema=0.9 is for .* use_ema=True and ema_momentum instead, and leave out ema"),
        ({"schedule": "linear"}, "schedule='linear' is for .* keras.optimizers.schedules as learning_rate"),
    ],
)
def test_an_optimizer_of_ones_own_is_told_itself(small_data, settings, match):
    model = one_task(small_data, "like")
    with pytest.raises(ValueError, match=match):
        fit(model, small_data.train, optimizer=keras.optimizers.SGD(0.1), **settings)


def test_the_default_monitor_is_measured_beside_other_cut_offs(small_data):
    settings = {"epochs": 1, "optimizer": keras.optimizers.SGD(0.1), "k": (5,)}
    model = one_task(small_data, "next_item")
    (record,) = fit(model, small_data.train, small_data.validation, **settings)
    assert {"validation ndcg@5", "validation ndcg@10"} <= record.keys()


def test_an_unknown_monitor_is_explained_before_the_first_step(small_data):
    model = one_task(small_data, "like")
    settings = {"epochs": 1, "optimizer": keras.optimizers.SGD(0.1), "monitor": "ndcg@10"}
    settings["on_step"] = lambda *_: pytest.fail("a step was made")
    with pytest.raises(ValueError, match="There is no validation metric 'ndcg@10'"):
        fit(model, small_data.train, small_data.validation, **settings)


@pytest.mark.backend
def test_an_optimizer_that_keras_wraps_has_its_variables_before_the_first_step(small_data):
    """Else the state of a training that was interrupted has nowhere to go."""
    model = one_task(small_data, "like", dtype="mixed_float16")
    fit(model, small_data.train, epochs=0)
    names = {variable.path.rsplit("/", 1)[-1] for variable in model.optimizer.variables}
    assert {"dynamic_scale", "step_counter"} <= names


def test_a_diverging_loss_stops_training(small_data):
    model = one_task(small_data, "rating")
    with pytest.raises(ValueError, match="at step [0-9]+ of epoch [123]: .* Lower learning_rate"):
        fit(model, small_data.train, epochs=3, optimizer=keras.optimizers.SGD(1e30))
