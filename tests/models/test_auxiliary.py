"""A head for each modality: its loss by hand, what its gradient reaches, and where it is not."""

import json

import keras
import numpy as np
import pytest

from backends import JIT, compiled, gradients
from tfmmrec.data.batches import Batches
from tfmmrec.evaluation import evaluate
from tfmmrec.models import Recommender, build_recommender
from tfmmrec.training import fit


def model_of(data, auxiliary, tasks=("next_item", "like"), **settings):
    schema = data.schema.only(item=["item_id", "year"], event=[], tasks=list(tasks))
    return build_recommender(
        schema,
        data.vocabulary,
        **{"width": 8, "fusion": "concat", "auxiliary": auxiliary, "seed": 0, **settings},
    )


def batch_of(data, model, **settings):
    batches = Batches(data, model.schema, batch_events=64, **settings)
    x, y, w = next(batch for batch in batches if 5 in batch[0]["item.row"])
    return {name: x[name] for name in model.input}, y, w


def losses_of(model, batch):
    """``(losses by name, outputs)`` without dropout."""

    def call(x, y, w):
        outputs = model(x, training=False)
        return model.compute_losses(x, y, outputs, w, False), outputs

    return compiled(call)(*batch)


def softplus(x):
    return np.logaddexp(0, x)


@pytest.mark.backend
@pytest.mark.parametrize("part", [None, 9], ids=["all encoded", "a part encoded"])
def test_the_loss_by_hand(small_data, part):
    """Of both tasks, over the items that are encoded and have the modality, corrected for their chances."""
    model = model_of(small_data, {"weight": 0.5, "weights": {"year": 3.0}})
    cached = part is not None
    x, y, w = batch_of(small_data, model, encoded=part, negatives=4 if cached else 0, cached=cached)
    losses, outputs = losses_of(model, (x, y, w))
    states, expected = np.asarray(outputs["states"], "float64"), {}
    place = x["item.encoded"]
    for name, answer in outputs["alone"].items():
        vectors = np.asarray(answer["vectors"], "float64")
        present = np.asarray(answer["present"])
        of_place = {
            int(p): (int(x["item.row"][u]), x["item.log_encoded"][u]) for u, p in enumerate(place) if p >= 0
        }
        known = [p for p, (row, _) in of_place.items() if row >= 0 and present[p]]
        total = weights = clicks = click_weights = 0.0
        for b, k in np.argwhere(x["candidate"] >= 0):
            own = place[x["candidate"][b, k]]
            if own < 0 or not present[own]:
                continue
            target, chance = states[b, k] @ vectors[own], w["next_item"][b, k]
            others = [states[b, k] @ vectors[p] - of_place[p][1] for p in known if p != own]
            total += chance * (np.logaddexp.reduce([target, *others]) - target)
            weights += chance
            logit, like = answer["outputs"]["like"][b, k], y["like"][b, k]
            clicks += w["like"][b, k] * (softplus(logit) - like * logit)
            click_weights += w["like"][b, k]
        assert weights and click_weights
        expected[name] = total / weights + clicks / click_weights
    assert losses["auxiliary"] == pytest.approx(
        0.5 * (expected["item_id"] + 3 * expected["year"]) / 2, rel=1e-4
    )
    assert set(losses) == {"next_item", "like", "auxiliary"}


@pytest.mark.backend
def test_scores_are_told_in_training_alone(small_data):
    model = model_of(small_data, 1.0, tasks=["like"], modality_dropout=0.0)
    x, y, w = batch_of(small_data, model)
    w["like"] *= x["candidate"] % 2  # some are not asked

    def call(x, y, w, training):
        model.compute_losses(x, y, model(x, training=False), w, training)
        return 1.0 * model.auxiliary.scores, {
            name: mean.result() for name, mean in model.losses_alone.items()
        }

    told, means = compiled(lambda *batch: call(*batch, True))(x, y, w)
    np.testing.assert_allclose(told, [np.exp(-means["item_id"]), np.exp(-means["year"])], rtol=1e-5)
    assert (told < 0.7).all()  # a coin's would be 0.5
    untold, _ = compiled(lambda *batch: call(*batch, False))(x, y, w)
    np.testing.assert_array_equal(untold, 1.0)
    unasked, _ = compiled(lambda *batch: call(*batch, True))(x, y, {"like": 0 * w["like"]})
    np.testing.assert_array_equal(unasked, 1.0)  # as it was


@pytest.mark.backend
def test_a_probe_watches_and_a_loss_teaches(small_data):
    for probe in (True, False):
        model = model_of(small_data, {"weight": 1.0, "probe": probe, "weights": {"item_id": 0}})
        x, y, w = batch_of(small_data, model)

        def loss(model=model, x=x, y=y, w=w):
            return model.compute_losses(x, y, model(x, training=False), w, False)["auxiliary"]

        weights = model.trainable_variables
        found, _ = gradients(loss, weights)
        touched = {
            weight.path.split("/")[0]
            for weight, gradient in zip(weights, found, strict=True)
            if np.abs(gradient).max() > 0
        }
        # the encoder of the year; through the states all that users are made of; nothing of the id's own head
        assert touched >= ({"auxiliary"} if probe else {"auxiliary", "year", "history", "item_id"})
        assert probe == (touched == {"auxiliary"})
        heads = {
            weight.path.split("/")[1]
            for weight, gradient in zip(weights, found, strict=True)
            if weight.path.startswith("auxiliary/") and np.abs(gradient).max() > 0
        }
        assert heads == {"year_head"}


def test_what_lacks_a_modality_is_not_asked_by_it(small_data):
    model = model_of(small_data, 0.1)
    x, y, w = batch_of(small_data, model)
    (place,) = np.flatnonzero(x["item.row"] == 5)  # its year is missing
    _, outputs = losses_of(model, (x, y, w))
    assert (x["candidate"] == place).any()
    asked = {name: answer["asked"] for name, answer in outputs["alone"].items()}
    np.testing.assert_array_equal(asked["item_id"], x["candidate"] >= 0)
    np.testing.assert_array_equal(asked["year"], (x["candidate"] >= 0) & (x["candidate"] != place))


def test_it_changes_nothing_else(small_data):
    """Begun with the same seed the rest is the same, and so is what it answers."""
    plain, model = model_of(small_data, None), model_of(small_data, 0.1)
    for tower in ("item_tower", "user_tower", "ranker"):
        one, other = (getattr(each, tower).get_weights() for each in (plain, model))
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert list(model.item_tower.output) == list(plain.item_tower.output)
    assert "auxiliary" not in plain.get_config() and plain.auxiliary is None
    batch = batch_of(small_data, model)
    losses, without = losses_of(model, batch)[0], losses_of(plain, batch)[0]
    assert without["next_item"] == pytest.approx(losses["next_item"], rel=1e-6)
    config = json.loads(json.dumps(model.get_config()))
    again = Recommender.from_config(config)
    assert again.get_config() == model.get_config() and [w.path for w in again.weights] == [
        w.path for w in model.weights
    ]


def test_saved_and_loaded_with_its_heads_and_served_without(small_data, tmp_path):
    model = model_of(small_data, {"weight": 0.2, "probe": True})
    model.auxiliary.scores.assign([0.25, 0.5])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    served = Recommender.from_config(model.serving_config())
    assert served.auxiliary is None
    assert {w.path for w in model.weights} - {w.path for w in served.weights} == {
        w.path for w in model.auxiliary.weights
    }


def test_a_modality_alone_has_nothing_to_add(small_data):
    schema = small_data.schema.only(item=["item_id"], event=[], tasks=["like"])
    assert build_recommender(schema, small_data.vocabulary, width=8, auxiliary=0.1).auxiliary is None


@pytest.mark.parametrize(
    ("auxiliary", "match"),
    [
        ({"weights": {"yaer": 1.0}}, "weights names 'yaer', and the items' features are item_id, year"),
        ({"weights": {"year": -1.0}}, "the weight of 'year' must be 0 or more, got -1.0"),
        (-0.1, "weight must be 0 or more, got -0.1"),
        ({"wieght": 1.0}, "auxiliary has no setting 'wieght'. Did you mean 'weight'"),
        ("much", "the weight of the heads' loss, such as 0.1, or a dict of settings; got 'much'"),
    ],
)
def test_what_cannot_be(small_data, auxiliary, match):
    with pytest.raises(ValueError, match=match):
        model_of(small_data, auxiliary)


@pytest.mark.slow
@pytest.mark.backend
@pytest.mark.parametrize("settings", [{}, {"item_vectors": "encoded"}, {"temperature": 0.2}], ids=str)
def test_heads_learn_and_are_in_the_curves(small_data, settings):
    model = model_of(small_data, 0.5, dropout=0.0, **settings)
    rate = {"epochs": 12, "learning_rate": 0.03, "batch_events": 100, "jit_compile": JIT}
    records = fit(model, small_data.train, encode_items=12, **rate)
    for name in ("item_id_alone_loss", "year_alone_loss"):
        assert records[-1][name] < 0.85 * records[0][name]
    assert evaluate(model, small_data.test).metrics["like.auc"] > 0.8
