"""Modalities that answer best alone are held back: by how much, by what, and what it does for the others."""

import csv

import numpy as np
import pytest
from keras import ops
from keras.ops import convert_to_numpy

from backends import JIT, numpy
from tfmmrec.data import Batches, load
from tfmmrec.modalities import Category
from tfmmrec.models import Gradients, build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import Multiclass
from tfmmrec.training import fit
from tfmmrec.training.modulation import Modulation, coefficients, modulated


@pytest.mark.backend
def test_coefficients_by_hand():
    """ρ of two is s₁ / s₂ and s₂ / s₁, of three each against the mean of the others."""
    two = numpy(coefficients(ops.convert_to_tensor(np.float32([0.6, 0.2])), 0.5))
    np.testing.assert_allclose(two, [1 - np.tanh(0.5 * 3), 1], rtol=1e-6)
    three = numpy(coefficients(ops.convert_to_tensor(np.float32([0.4, 0.3, 0.1])), 0.25))
    expected = [1 - np.tanh(0.25 * 0.4 / 0.2), 1 - np.tanh(0.25 * 0.3 / 0.25), 1]
    np.testing.assert_allclose(three, expected, rtol=1e-6)
    alike = numpy(coefficients(ops.convert_to_tensor(np.float32([0.5, 0.5])), 9.0))
    np.testing.assert_array_equal(alike, 1)


def model_of(data, auxiliary=None, tasks=("like",), **settings):
    schema = data.schema.only(item=["item_id", "year"], event=[], tasks=list(tasks))
    auxiliary = auxiliary or {"probe": True}
    return build_recommender(
        schema, data.vocabulary, width=8, fusion="concat", auxiliary=auxiliary, seed=0, **settings
    )


def update_of(model, hook, value=1.0):
    """What a hook makes of gradients that are `value` everywhere, by path."""
    weights = model.trainable_variables
    tensors = [weight.value for weight in weights]

    def pullback(of_losses):
        return [ops.full(weight.shape, value) * of_losses[0] for weight in weights]

    update = hook(Gradients({"like": ops.convert_to_tensor(1.0)}, tensors, pullback))
    return {weight.path: numpy(one) for weight, one in zip(weights, update, strict=True)}


@pytest.mark.backend
def test_without_paces_the_gradient_of_the_better_encoder_is_scaled(small_data):
    model = model_of(small_data)
    model.auxiliary.scores.assign([0.6, 0.2])
    update = update_of(model, Modulation(model, strength=0.5))
    for path, gradient in update.items():
        expected = 1 - np.tanh(1.5) if path.startswith("item_id/") else 1.0
        np.testing.assert_allclose(gradient, expected, rtol=1e-6, err_msg=path)
    twice = update_of(model, Modulation(model, inner=lambda gradients: [2 * g for g in gradients.of()]))
    assert twice["fusion/projection/kernel"].min() == 2.0


@pytest.mark.backend
def test_noise_has_the_spread_of_the_gradient_and_is_no_tables(small_data):
    model = model_of(small_data)
    weights = model.trainable_variables
    drawn = [np.random.default_rng(0).normal(size=weight.shape).astype("float32") for weight in weights]
    given = Gradients({"like": 1.0}, weights, lambda _: [ops.convert_to_tensor(one) for one in drawn])
    hook = Modulation(model, noise=True, seed=3)
    (seed,) = hook.variables  # with it a checkpoint goes on with the same noise
    assert not seed.trainable
    added = {w.path: numpy(u) - d for w, u, d in zip(weights, hook(given), drawn, strict=True)}
    noisy = {path for path, noise in added.items() if np.abs(noise).max() > 0}
    assert noisy == {path for path in added if path.startswith("year/") and path.endswith("kernel")}
    for path, gradient in zip(added, drawn, strict=True):
        if path in noisy and gradient.size > 30:
            assert 0.5 < added[path].std() / gradient.std() < 1.6


@pytest.mark.backend
def test_within_a_compiled_step_the_paces_follow_the_scores(small_data):
    """And the update of AdamW with them, which does not know a factor of the gradient."""
    moved = {}
    for strength in (None, 1.0):
        model = model_of(small_data, modality_dropout=0.0, dropout=0.0)
        before = {weight.path: convert_to_numpy(weight) for weight in model.trainable_variables}
        fit(
            model,
            small_data.train,
            epochs=1,
            batch_events=400,
            weight_decay=0.0,
            schedule="constant",
            modulation=strength,
            jit_compile=JIT,
        )
        assert model.gradient_hook is None
        moved[strength] = {
            w.path: np.abs(convert_to_numpy(w) - before[w.path]).max() for w in model.trainable_variables
        }
        if strength:
            paces = [float(numpy(ops.convert_to_tensor(pace))) for pace in model.optimizer.paces]
            scores = ops.convert_to_tensor(model.auxiliary.scores)
            np.testing.assert_allclose(paces, numpy(coefficients(scores, strength)), rtol=1e-5)
            assert min(paces) < 0.3 and max(paces) == 1.0
            slow, fast = np.argsort(paces)
    names = ["item_id", "year"]
    for path, distance in moved[1.0].items():
        times = paces[slow] if path.startswith(f"{names[slow]}/") else 1.0
        np.testing.assert_allclose(distance, times * moved[None][path], rtol=0.02, atol=1e-7, err_msg=path)


@pytest.fixture(scope="module")
def easy_and_hard(tmp_path_factory):
    """A row's class is told by a column of four values, and by one of 400, each of which is met twice."""
    folder = tmp_path_factory.mktemp("easy")
    classes = np.random.default_rng(0).permutation(np.arange(400) % 4)
    with (folder / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["item_id", "easy", "hard", "label", "split"])
        for n in range(800):
            told = classes[n % 400]
            table.writerow([f"i{n}", f"e{told}", f"h{n % 400}", "abcd"[told], "train"])
    schema = Schema(
        item=[Category("easy"), Category("hard")],
        tasks=[Multiclass("label")],
        user_id=None,
        tables={"events": "items.csv"},
    )
    return load(folder, schema, split="column:split")


def accuracy_alone(data, modulation):
    """By modality, how often its own head, which only watches, is right after a training."""
    probe = {"probe": True, "weight": 2.0}
    settings = {"width": 8, "fusion": "sum", "dropout": 0.0, "auxiliary": probe, "seed": 0}
    model = build_recommender(data.schema, data.vocabulary, **settings)
    rate = {"learning_rate": 0.01, "weight_decay": 0.0, "schedule": "constant"}
    fit(model, data.train, epochs=10, batch_events=80, modulation=modulation, jit_compile=JIT, **rate)
    x, y, w = Batches(data, data.schema, batch_events=800)[0]
    answers = model.predict_on_batch({name: x[name] for name in model.input})["alone"]
    right = {name: answer["outputs"]["label"].argmax(-1) == y["label"] for name, answer in answers.items()}
    return {name: float(np.average(one, weights=w["label"])) for name, one in right.items()}


@pytest.mark.slow
@pytest.mark.backend
def test_what_is_dominated_learns_more(easy_and_hard):
    """What is easy tells the class after some steps, and nothing is left for the other to learn from."""
    plain, held = (accuracy_alone(easy_and_hard, modulation) for modulation in (None, 1.0))
    assert plain["easy"] == held["easy"] == 1.0
    assert plain["hard"] < 0.7 and held["hard"] > plain["hard"] + 0.04


def test_what_cannot_be(small_data):
    model = build_recommender(small_data.schema, small_data.vocabulary, width=8)
    with pytest.raises(ValueError, match="has no heads that could say: build it with auxiliary=0.1"):
        fit(model, small_data.train, modulation=0.5)
    model = model_of(small_data)
    with pytest.raises(ValueError, match="strength must be above 0, such as 0.5; got 0"):
        fit(model, small_data.train, modulation={"strength": 0})
    with pytest.raises(ValueError, match="modulation has no setting 'nose'. Did you mean 'noise'"):
        fit(model, small_data.train, modulation={"nose": True})
    assert model.gradient_hook is None


def test_a_modality_alone_is_not_held_back(small_data):
    schema = small_data.schema.only(item=["item_id"], event=[], tasks=["like"])
    model = build_recommender(schema, small_data.vocabulary, width=8)
    assert modulated(model, 0.5, None, 0) is None


@pytest.mark.slow
def test_around_a_balancing(small_data):
    """The balancing weighs tasks, and its state is kept."""
    model = model_of(small_data, tasks=["like", "rating"])
    records = fit(
        model, small_data.train, epochs=1, batch_events=400, balancing="uncertainty", modulation=0.5
    )
    assert np.isfinite(records[0]["loss"])
