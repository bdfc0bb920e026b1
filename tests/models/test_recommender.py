"""The model: what it sees, what it must not see, what it is saved as."""

import keras
import numpy as np
import pytest

import small
from backends import JIT
from tfmmrec.data.batches import Batches
from tfmmrec.models import build_recommender, sum_gradients

pytestmark = pytest.mark.backend


def built(data, **settings):
    model = build_recommender(data.schema, data.vocabulary, width=8, seed=0, **settings)
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer, jit_compile=JIT)
    return model


@pytest.fixture(scope="module")
def batch(small_data):
    return Batches(small_data, small_data.schema, batch_events=64)[0]


@pytest.fixture(scope="module")
def model(small_data):
    made = built(small_data)
    made.refresh(small_data.items)
    return made


def outputs(model, x):
    return {name: np.asarray(value) for name, value in model.predict_on_batch(x).items()}


def test_outputs_have_one_place_per_candidate(model, batch):
    x, y, _ = batch
    found = outputs(model, x)
    users, places = x["candidate"].shape
    assert found["states"].shape == found["candidates"].shape == (users, places, 8)
    assert found["like"].shape == found["rating"].shape == (users, places)
    assert found["mood"].shape == (users, places, 3)
    assert set(y) == {"next_item", "like", "rating", "mood"}


def test_losses_are_the_weighted_means_computed_by_hand(model, batch):
    x, y, w = batch
    found = outputs(model, x)
    losses = {k: float(v) for k, v in model.compute_losses(x, y, model(x), w, False).items()}
    label, weight, logit = y["like"], w["like"], found["like"]
    cross_entropy = np.logaddexp(0, logit) - logit * label
    assert losses["like"] == pytest.approx((weight * cross_entropy).sum() / weight.sum(), rel=1e-4)
    state = model.vocabulary.tasks["rating"]
    error = (found["rating"] - (y["rating"] - state["mean"]) / state["scale"]) ** 2
    assert losses["rating"] == pytest.approx(0.5 * (w["rating"] * error).sum() / w["rating"].sum(), rel=1e-4)


def test_the_next_item_loss_is_the_softmax_over_all_items(model, small_data, batch):
    """Freshly refreshed, the id table + cached content is what encoding every item now would give."""
    x, y, w = batch
    trained = small_data.vocabulary.trained_items
    table = model.encode_items(small_data.items)["vector"][:trained]
    logits = outputs(model, x)["states"] @ table.T
    log_probability = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    chosen = np.take_along_axis(log_probability, np.maximum(y["next_item"], 0)[..., None], -1)[..., 0]
    expected = -(w["next_item"] * chosen).sum() / w["next_item"].sum()
    loss = model.compute_losses(x, y, model(x), w, False)["next_item"]
    assert float(loss) == pytest.approx(expected, rel=1e-3)


def test_no_place_sees_what_comes_after_it(model, batch):
    x, _, _ = batch
    before = outputs(model, x)
    last = (x["history.item"] >= 0).sum(axis=1) - 1
    user = int(np.argmax(last))
    cut = last[user]  # the last event of the longest history
    changed = {name: array.copy() for name, array in x.items()}
    changed["history.item"][user, cut] = (x["history.item"][user, cut] + 1) % (x["item.row"] >= 0).sum()
    changed["history.gap"][user, cut] = 9
    changed["event.kind.value"][user, cut] = 1 - x["event.kind.value"][user, cut]
    after = outputs(model, changed)
    for name in ("states", "like", "rating", "mood"):
        np.testing.assert_allclose(after[name][user, : cut + 1], before[name][user, : cut + 1], atol=1e-5)
    assert np.abs(after["states"][user, cut + 1] - before["states"][user, cut + 1]).max() > 1e-3


def test_a_head_sees_its_candidate_and_not_its_events_features(model, batch):
    """Candidate j's own event is event j of the history: its features reach the states after it alone."""
    x, _, _ = batch
    before = outputs(model, x)
    changed = {**x, "event.kind.value": 1 - np.minimum(x["event.kind.value"], 1)}
    after = outputs(model, changed)
    np.testing.assert_allclose(after["like"][:, 0], before["like"][:, 0], atol=1e-5)
    other = {**x, "candidate": np.roll(x["candidate"], 1, axis=0)}
    assert np.abs(outputs(model, other)["like"] - before["like"]).max() > 1e-4


def test_padding_changes_nothing(model, batch):
    x, _, _ = batch
    before = outputs(model, x)
    padded = {name: array.copy() for name, array in x.items()}
    blank = x["history.item"] < 0
    padded["history.gap"][blank] = 7
    padded["event.kind.value"][blank] = 2
    after = outputs(model, padded)
    known = np.pad(~blank, ((0, 0), (1, 0)), constant_values=True)
    np.testing.assert_allclose(after["states"][known], before["states"][known], atol=1e-5)


def test_cached_content_stands_in_for_items_that_are_not_encoded(model, small_data):
    """Right after a refresh, encoding a few items of a batch gives what encoding all of them gives."""
    schema = small_data.schema
    whole, part = (Batches(small_data, schema, batch_events=64, encoded=n)[0][0] for n in (None, 4))
    assert len(part["item.item_id.id"]) == 4 < len(whole["item.item_id.id"])
    np.testing.assert_array_equal(whole["history.item"], part["history.item"])
    np.testing.assert_allclose(outputs(model, part)["states"], outputs(model, whole)["states"], atol=1e-4)


def test_saved_and_loaded_it_answers_the_same(model, batch, tmp_path):
    x, _, _ = batch
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert again.schema == model.schema
    for name, value in outputs(again, x).items():
        np.testing.assert_allclose(value, outputs(model, x)[name], atol=1e-5)


def test_it_describes_itself(model, capsys):
    model.summary()
    assert "item_tower" in capsys.readouterr().out
    assert model.get_layer("user_tower") is model.user_tower


def test_the_plain_hook_is_the_plain_step(small_data, batch):
    plain, hooked = built(small_data), built(small_data)
    hooked.gradient_hook = sum_gradients
    hooked.set_weights(plain.get_weights())
    for model in (plain, hooked):
        model.train_on_batch(*batch)
    for a, b in zip(plain.trainable_variables, hooked.trainable_variables, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=1e-5)


def test_a_hook_decides_the_update(small_data, batch):
    model = built(small_data)

    def without_mood(gradients, variables):
        return sum_gradients({name: g for name, g in gradients.items() if name != "mood"}, variables)

    model.gradient_hook = without_mood
    head = model.ranker.get_layer("mood_head")
    before = [np.array(v) for v in head.trainable_variables], np.array(model.identity_table)
    model.train_on_batch(*batch)
    for a, b in zip(before[0], head.trainable_variables, strict=True):
        np.testing.assert_array_equal(a, np.asarray(b))
    assert np.abs(np.asarray(model.identity_table) - before[1]).max() > 0


@pytest.mark.parametrize("ordered", [True, False])
def test_it_learns_a_batch_by_heart(small_data, small_sets, ordered):
    data = small_data if ordered else small_sets
    model = build_recommender(data.schema, data.vocabulary, width=16, seed=0)
    optimizer = keras.optimizers.Adam(0.02)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer, jit_compile=JIT)
    x, y, w = Batches(data, data.schema, batch_events=32)[0]
    losses = []
    for step in range(80):
        if step % 10 == 0:
            model.refresh(data.items)
        losses.append(model.train_on_batch(x, y, w, return_dict=True))
    first, last = losses[0], losses[-1]
    assert last["like_loss"] < 0.25 * first["like_loss"]
    assert last["mood_loss"] < 0.25 * first["mood_loss"]
    assert last["rating_loss"] < 0.3 * first["rating_loss"]
    retrieval = f"{data.schema.retrieval.name}_loss"
    assert last[retrieval] < 0.6 * first[retrieval]


@pytest.mark.parametrize(
    ("provider", "fusion"), [("cached", "transformer"), ("cached", "concat"), ("encoded", "transformer")]
)
def test_every_choice_trains_in_mixed_precision(small_data, provider, fusion):
    model = build_recommender(
        small_data.schema,
        small_data.vocabulary,
        width=8,
        fusion=fusion,
        alignment="contrastive",
        item_vectors=provider,
        dtype="mixed_bfloat16",
        seed=0,
    )
    model.compile(optimizer=keras.optimizers.SGD(0.01), jit_compile=JIT)
    model.refresh(small_data.items)
    batches = Batches(
        small_data, small_data.schema, batch_events=64, negatives=4 if provider == "encoded" else 0
    )
    logs = model.train_on_batch(*batches[0], return_dict=True)
    assert np.isfinite(logs["loss"])
    assert keras.config.dtype_policy().name == "float32"


def test_the_id_only_twin_is_a_table(small_data):
    model = build_recommender(
        small_data.schema.only(item=["item_id"]), small_data.vocabulary, width=8, seed=0
    )
    vectors = model.encode_items(small_data.items)["vector"]
    trained = small_data.vocabulary.trained_items
    np.testing.assert_allclose(
        vectors[:trained], np.asarray(model.identity_table)[1 : trained + 1], atol=1e-6
    )


def test_wrong_choices_are_explained(small_data):
    schema, vocabulary = small_data.schema, small_data.vocabulary
    with pytest.raises(ValueError, match="Did you mean 'transformer'"):
        build_recommender(schema, vocabulary, width=8, fusion="transfomer")
    with pytest.raises(ValueError, match="multiple of 4"):
        build_recommender(schema, vocabulary, width=10)
    with pytest.raises(ValueError, match="only feature is the id"):
        build_recommender(schema, vocabulary, width=8, item_vectors="table")
    with pytest.raises(ValueError, match="was not prepared"):
        build_recommender(small.schema(ordered=True), small_data.vocabulary.__class__(
            {"item": {}, "user": {}, "event": {}}, {}, 1, 1), width=8)  # fmt: skip


def test_embeddings_begin_around_zero(small_data):
    """Keras' RandomNormal takes the mean first; a spread in its place would hide what tells items apart."""
    model = build_recommender(small_data.schema, small_data.vocabulary, width=16, seed=0)
    for weight in model.weights:
        values = np.asarray(weight)
        if values.size >= 64 and "norm" not in weight.path:
            assert abs(values.mean()) < 0.25 * values.std() + 1e-6, weight.path
