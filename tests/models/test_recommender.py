"""The model: what it sees, what it must not see, what it learns."""

import dataclasses
import shutil

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy
from PIL import Image

from backends import compiled
from tfmmrec.data.batches import Batches
from tfmmrec.layers import MissingToken
from tfmmrec.modalities import missing_parts
from tfmmrec.models import build_recommender

HEADS = ("like", "rating", "mood")


def log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def chosen(log_probability, label):
    return np.take_along_axis(log_probability, label.astype(int)[..., None], -1)[..., 0]


def changed(x, **others):
    return {**{name: array.copy() for name, array in x.items()}, **others}


@pytest.mark.backend
def test_outputs_have_one_place_per_candidate(ask, batch):
    x, y, _ = batch
    found = ask(x)
    users, places = x["candidate"].shape
    assert found["states"].shape == found["candidates"].shape == (users, places, 8)
    assert found["items"].shape == (len(x["item.row"]), 8)
    assert found["like"].shape == found["rating"].shape == (users, places)
    assert found["mood"].shape == (users, places, 3)
    assert set(y) == {"next_item", *HEADS}
    assert all(np.isfinite(value).all() for value in found.values())
    candidates = found["items"][np.maximum(x["candidate"], 0)]
    np.testing.assert_allclose(found["candidates"], candidates, rtol=1e-6)


@pytest.mark.backend
def test_losses_are_the_weighted_means_computed_by_hand(model, ask, losses, small_data, batch):
    x, y, w = batch
    found, given = ask(x), losses(x, y, w)
    # freshly refreshed, id table + cached content is what encoding every item now would give
    table = model.encode_items(small_data.items)["vector"][: small_data.vocabulary.trained_items]
    state = model.vocabulary.tasks["rating"]
    each = {
        "next_item": -chosen(log_softmax(found["states"] @ table.T), y["next_item"]),
        "like": np.logaddexp(0, found["like"]) - found["like"] * y["like"],
        "rating": 0.5 * (found["rating"] - (y["rating"] - state["mean"]) / state["scale"]) ** 2,
        "mood": -chosen(log_softmax(found["mood"]), y["mood"]),
    }
    assert given.keys() == each.keys()
    for name, loss in each.items():
        assert given[name] == pytest.approx((w[name] * loss).sum() / w[name].sum(), rel=1e-4), name


def test_the_loss_is_their_sum_and_a_task_without_labels_adds_nothing(model, losses, batch):
    x, y, w = batch
    w = {**w, "mood": 0 * w["mood"]}
    given = losses(x, y, w)
    assert given["mood"] == 0
    total = compiled(lambda: model.compute_loss(x, y, model(x, training=False), w, False))()
    assert total == pytest.approx(sum(given.values()), rel=1e-5)


@pytest.mark.backend
def test_an_example_of_weight_0_has_no_effect(losses, batch):
    x, y, w = batch
    generator = np.random.default_rng(0)
    fewer = {name: np.where(generator.random(a.shape) < 0.3, 0, a) for name, a in w.items()}
    other = {name: np.where(fewer[name] > 0, a, generator.permuted(a)) for name, a in y.items()}
    assert any((other[name] != y[name]).any() for name in y)
    given = losses(x, y, fewer)
    assert losses(x, other, fewer) == pytest.approx(given, rel=1e-6)
    assert losses(x, other, w) != pytest.approx(given, rel=1e-3)


@pytest.mark.backend
def test_no_place_sees_what_comes_after_it(ask, batch):
    x, _, _ = batch
    before, length = ask(x), x["history.item"].shape[1]
    real = x["history.item"] >= 0
    for place in range(length):
        here = real & (np.arange(length) >= place)
        items = (x["history.item"] + 1) % (x["item.row"] >= 0).sum()
        other = changed(
            x,
            **{
                "history.item": np.where(here, items, x["history.item"]).astype("int32"),
                "history.time": np.where(here, x["history.time"] + 99, x["history.time"]).astype("int32"),
                "event.kind.value": np.where(here, 1, x["event.kind.value"]).astype("int32"),
            },
        )
        after = ask(other)
        for name in ("states", *HEADS):
            np.testing.assert_allclose(after[name][:, : place + 1], before[name][:, : place + 1], atol=1e-5)
        moved = np.abs(after["states"] - before["states"]).max(axis=-1)[:, place + 1]
        assert (moved[real[:, place]] > 1e-4).all()


@pytest.mark.backend
def test_a_candidate_is_seen_at_its_own_place_alone(ask, batch):
    x, _, _ = batch
    before = ask(x)
    for place in range(x["candidate"].shape[1]):
        candidate = x["candidate"].copy()
        candidate[:, place] = (candidate[:, place] + 1) % 8
        after = ask(changed(x, candidate=candidate))
        np.testing.assert_allclose(after["states"], before["states"], atol=1e-5)
        for name in HEADS:
            here = np.arange(candidate.shape[1]) == place
            np.testing.assert_allclose(after[name][:, ~here], before[name][:, ~here], atol=1e-5)
            assert np.abs(after[name][:, here] - before[name][:, here]).max() > 1e-4


def test_nothing_of_an_event_is_seen_before_it_has_happened(ask, small_data):
    """From the tables on: an event's features, label and time reach what is asked about later ones alone."""
    events = small_data.events
    rows = np.arange(len(events.item))
    labels = {**events.labels, "rating": rows.astype("float32")}  # tells batches' events apart

    def batch_of(**changes):
        data = dataclasses.replace(small_data, events=dataclasses.replace(events, labels=labels, **changes))
        return Batches(data, small_data.schema, batch_events=280)[0]

    x, y, _ = batch_of()
    asked = np.where(x["candidate"] >= 0, y["rating"], -1).astype(int)
    before, number = ask(x), rows - events.start[events.user]  # of the event, among its user's
    for n in range(8):
        here = number == n
        kind = np.where(here, 1, events.features["kind"]["value"])
        x, y, _ = batch_of(
            features={"kind": {"value": kind}},
            time=events.time + 30 * here,
            weights={name: np.where(here, 9, weight) for name, weight in events.weights.items()},
        )
        np.testing.assert_array_equal(np.where(x["candidate"] >= 0, y["rating"], -1), asked)
        after = ask(x)
        hit = (asked >= 0) & (number[asked] == n)
        whose, place = x["history.window"], np.arange(asked.shape[1])
        earlier = (whose[:, :, None] == whose[:, None]) & (place < place[:, None])
        later = (earlier & hit[:, None]).any(axis=-1)
        unseen = (asked >= 0) & ~later
        for name in ("states", *HEADS):
            np.testing.assert_allclose(after[name][unseen], before[name][unseen], atol=1e-5)
        seen = (asked >= 0) & later
        if seen.any():
            assert (np.abs(after["states"] - before["states"]).max(axis=-1)[seen] > 1e-4).all()


@pytest.mark.backend
def test_values_of_padding_change_nothing(ask, batch):
    x, _, _ = batch
    before, blank = ask(x), x["history.item"] < 0
    other = changed(x)
    other["history.time"][blank] = 7
    other["event.kind.value"][blank] = 2
    after = ask(other)
    known = np.pad(~blank, ((0, 0), (1, 0)), constant_values=True)
    assert blank.any()
    np.testing.assert_allclose(after["states"][known], before["states"][known], atol=1e-5)


@pytest.mark.backend
def test_more_padding_changes_no_loss(losses, small_data, batch):
    x, y, w = batch
    users, items = 3, 8
    states = small_data.vocabulary.features
    wider = {}
    for name, array in x.items():
        side, *rest = name.split(".")
        count = items if side == "item" else users
        fill = -1 if name in ("item.row", "history.item", "candidate") else 0
        wider[name] = np.pad(array, [(0, count)] + [(0, 0)] * (array.ndim - 1), constant_values=fill)
        if side == "item" and len(rest) == 2:
            (feature,) = (f for f in small_data.schema.features("item") if f.name == rest[0])
            wider[name][-count:] = missing_parts(feature, states["item"][feature.name], count)[rest[1]]
    wider["item.encoded"] = np.arange(len(wider["item.row"]), dtype="int32")
    empty = [{name: np.pad(a, ((0, users), (0, 0))) for name, a in part.items()} for part in (y, w)]
    assert losses(wider, *empty) == pytest.approx(losses(x, y, w), rel=1e-5)


def test_padding_is_not_aligned(make, small_data, batch):
    model = make(small_data, alignment={"name": "contrastive", "weight": 1.0})
    for layer in model.item_tower.layers:
        if isinstance(layer, MissingToken):
            layer.rate = 0.0
    x, y, w = batch
    more = changed(x)
    blank = x["item.row"] < 0
    assert blank.any()
    more["item.genres.tags"][blank] = 3  # one modality alone is not enough to be aligned
    added = compiled(lambda x: model.compute_losses(x, y, model(x, training=True), w, True)["added"])
    assert added(x) > 0
    assert added(more) == pytest.approx(added(x), rel=1e-5)
    more["item.year.number"][blank] = 0.5
    assert added(more) != pytest.approx(added(x), rel=1e-3)


@pytest.mark.backend
@pytest.mark.parametrize("case", ["sequences", "sets in half precision"])
def test_32_events_are_learnt_by_heart(make, small_data, small_sets, case):
    ordered = case == "sequences"
    data = small_data if ordered else small_sets
    choices = {} if ordered else {"dtype": "mixed_bfloat16", "fusion": "concat"}
    rate = keras.optimizers.schedules.CosineDecay(0.03, 200)
    model = make(data, keras.optimizers.Adam(rate), width=16, **choices)
    assert keras.config.dtype_policy().name == "float32"
    x, y, w = Batches(data, data.schema, batch_events=32)[0]
    logs = []
    for step in range(200):
        if step % 10 == 0:
            model.refresh(data.items)
        model.reset_metrics()
        logs.append(model.train_on_batch(x, y, w, return_dict=True))
    first, last = logs[0], logs[-1]
    assert np.isfinite([*last.values()]).all()
    assert last["like_loss"] < 0.1 * first["like_loss"]
    assert last["mood_loss"] < 0.1 * first["mood_loss"]
    assert last["rating_loss"] < 0.1 * first["rating_loss"]
    # where an event came is not always known: a window begins anywhere
    assert last[f"{data.schema.retrieval.name}_loss"] < 0.5 * first[f"{data.schema.retrieval.name}_loss"]


def test_a_sampled_softmax_trains_in_half_precision(make, small_data):
    model = make(small_data, item_vectors="encoded", alignment="contrastive", dtype="mixed_bfloat16")
    batches = Batches(small_data, small_data.schema, batch_events=64, negatives=4)
    before = [convert_to_numpy(variable) for variable in model.trainable_variables]
    logs = model.train_on_batch(*batches[0], return_dict=True)
    assert np.isfinite(logs["loss"]) and all(
        variable.dtype == "float32" for variable in model.trainable_variables
    )
    moved = [
        np.abs(convert_to_numpy(v) - b).max() > 0
        for v, b in zip(model.trainable_variables, before, strict=True)
    ]
    assert np.mean(moved) > 0.9


def test_embeddings_begin_around_zero(model):
    tables = [weight for weight in model.trainable_variables if "table" in weight.path]
    assert len(tables) == 3  # items, genres, kinds of event
    for weight in [np.asarray(table) for table in tables] + [
        np.asarray(model.user_tower.get_layer("history").start)
    ]:
        assert abs(weight.mean()) < 3 * weight.std() / weight.size**0.5 + 1e-3, weight


def test_it_describes_itself(model, capsys):
    model.summary()
    assert "item_tower" in capsys.readouterr().out
    assert model.get_layer("user_tower") is model.user_tower
    pytest.importorskip("pydot", reason="needs the extra pydot")
    picture = keras.utils.model_to_dot(model, show_shapes=True).to_string()
    assert all(name in picture for name in ("item_tower", "user_tower", "ranker", "history.item"))


def test_the_id_only_twin_is_a_table(small_data):
    schema = small_data.schema.only(item=["item_id"])
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    vectors = model.encode_items(small_data.items)["vector"]
    trained = small_data.vocabulary.trained_items
    np.testing.assert_allclose(
        vectors[:trained], np.asarray(model.identity_table)[1 : trained + 1], atol=1e-6
    )


def test_items_are_encoded_in_parts_and_by_row(model, small_data):
    whole = model.encode_items(small_data.items)
    assert whole["vector"].shape == whole["content"].shape == (small_data.vocabulary.items, 8)
    parts = model.encode_items(small_data.items, rows=[5, 0, 7], batch=2)
    for name, array in parts.items():
        np.testing.assert_allclose(array, whole[name][[5, 0, 7]], rtol=1e-5, atol=1e-6)
    table = np.asarray(model.identity_table)[1:]
    np.testing.assert_allclose(whole["vector"], whole["content"] + table, rtol=1e-5, atol=1e-6)
    assert model.encode_items(small_data.items, rows=[])["vector"].shape == (0, 8)


@pytest.mark.backend
@pytest.mark.parametrize("ids", [True, False])
def test_with_a_temperature_scores_are_cosines_divided_by_it(make, small_data, batch, tmp_path, ids):
    schema = small_data.schema.only(item=["item_id"]) if ids else small_data.schema
    model = make(small_data, schema=schema, temperature=0.2)
    x, y, w = batch
    x = {name: x[name] for name in model.input}
    found = {name: np.asarray(value) for name, value in model.predict_on_batch(x).items()}
    real = x["item.row"] >= 0
    np.testing.assert_allclose(np.linalg.norm(found["items"][real], axis=-1), 1, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found["states"], axis=-1), 5, rtol=1e-5)
    vectors = model.encode_items(small_data.items)["vector"]
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=-1), 1, rtol=1e-5)
    # the loss is over the same vectors
    trained = vectors[: small_data.vocabulary.trained_items]
    rows = np.maximum(x["item.row"], 0)[np.maximum(x["candidate"], 0)]
    losses = -chosen(log_softmax(found["states"] @ trained.T), rows)
    expected = (w["next_item"] * losses).sum() / w["next_item"].sum()
    graph = compiled(lambda x, y, w: model.compute_losses(x, y, model(x, training=False), w, False))
    assert float(graph(x, y, w)["next_item"]) == pytest.approx(expected, rel=1e-4)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(again.encode_items(small_data.items)["vector"], vectors, atol=1e-6)


def test_its_parts_are_named_in_its_summary_and_its_drawing(model):
    said = []
    model.summary(print_fn=lambda line, line_break=False: said.append(line))
    drawn = keras.utils.model_to_dot(model).to_string()
    for name in ("item_tower", "user_tower", "ranker", "item_vectors"):
        assert name in " ".join(said) and name in drawn


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed (its program dot)")
def test_it_is_drawn_by_graphviz(model, tmp_path):
    keras.utils.plot_model(model, to_file=tmp_path / "model.png", show_shapes=True)
    with Image.open(tmp_path / "model.png") as picture:
        assert picture.format == "PNG" and min(picture.size) > 300
