"""From one catalogue to another: what is taken, what is not, and that it tells something."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from backends import run
from tfmmrec.data import load, shards
from tfmmrec.encoders.histories import UNKNOWN
from tfmmrec.evaluation import evaluate
from tfmmrec.modalities import Category, History, Tags, Text
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Multiclass, NextItem
from tfmmrec.training import Run, fit, transfer

SCHEMA = Schema(
    item=[Text("title", length=3, min_count=1, encoder="bag"), Tags("genres")],
    event=[Category("kind")],
    tasks=[NextItem(), Binary("like"), Multiclass("mood")],
    order="file",
    history=History(length=6, layers=1, heads=2, dropout=0.0),
)


def write(folder, name, kinds, moods, extra="", users=30, item_id="item_id"):
    """Users who walk round a circle of twenty items, whose titles say where they stand."""
    folder.mkdir()
    with (folder / "items.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow([item_id, "title", "genres"])
        for item in range(20):
            table.writerow([f"{name}{item}", f"w{item % 5} v{item % 4} {extra}".strip(), f"g{item % 4}"])
    with (folder / "events.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["user_id", item_id, "kind", "like", "mood"])
        for user in range(users):
            for step in range(9):
                item = (3 * user + step) % 20
                mood = moods[item % len(moods)]
                table.writerow([f"{name}u{user}", f"{name}{item}", kinds[step % 2], int(item < 10), mood])
    return folder


@pytest.fixture(scope="module")
def there(tmp_path_factory):
    return load(write(tmp_path_factory.mktemp("there") / "data", "a", ["see", "buy"], "xyz"), SCHEMA)


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """Other ids, words in another order and one more, other kinds and moods."""
    folder = write(tmp_path_factory.mktemp("here") / "data", "b", ["buy", "rent"], "zyq", "extra")
    return load(folder, SCHEMA)


def model_of(data, seed=0, **settings):
    return build_recommender(data.schema, data.vocabulary, width=16, seed=seed, fusion="concat", **settings)


def unknown_ids(items):
    return {**items, "item_id": {"id": np.zeros_like(items["item_id"]["id"])}}


def test_items_of_the_same_content_get_the_same_vectors(there, tmp_path):
    folder = write(tmp_path / "data", "b", ["see", "buy"], "xyz")
    lines = (folder / "items.csv").read_text().splitlines()
    (folder / "items.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    here = load(folder, SCHEMA)
    source, target = model_of(there, 0), model_of(here, 1)
    told = transfer(source, target, here.vocabulary, there.vocabulary)
    expected = source.encode_items(unknown_ids(there.items))["vector"]
    found = target.encode_items(here.items)["vector"]
    place = [here.item_ids.index(f"b{one[1:]}") for one in there.item_ids]
    np.testing.assert_allclose(found[place], expected, atol=1e-5)
    assert told.left == {"item.item_id": "ids are of another catalogue; each starts as an unknown one"}
    for one, other in zip(source.user_tower.weights, target.user_tower.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))
    for one, other in zip(source.ranker.weights, target.ranker.weights, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other))


def rows(model, vocabulary, side, name, tower):
    feature = next(one for one in model.schema.features(side) if one.name == name)
    table = np.asarray(tower.get_layer(name).terms_table)
    return {term: table[row] for term, row in feature.term_rows(vocabulary.features[side][name]).items()} | {
        None: table[1]
    }


@pytest.mark.backend
def test_words_values_and_classes_one_by_one(there, here):
    source, target = model_of(there, 0), model_of(here, 1)
    fresh = np.asarray(target.ranker.get_layer("mood_head").bias).copy()
    source.ranker.get_layer("mood_head").bias.assign([1.0, 2.0, 3.0])
    told = transfer(source, target, here.vocabulary, there.vocabulary)
    assert told.taken["item.title"] == "9 of 10 words" and told.taken["item.genres"] == "4 of 4 tags"
    assert told.taken["event.kind"] == "1 of 2 values" and told.taken["heads.mood_head"] == "2 of 3 classes"
    assert told.taken["user.history"] == told.taken["item.fusion"] == "all of it"
    one, other = (
        rows(model, data.vocabulary, "item", "title", model.item_tower)
        for model, data in ((source, there), (target, here))
    )
    for word, vector in other.items():
        np.testing.assert_array_equal(vector, one.get(word, one[None]))
    kinds = [model.user_tower.get_layer("event_tower") for model in (source, target)]
    one, other = (
        rows(model, data.vocabulary, "event", "kind", tower)
        for model, data, tower in ((source, there, kinds[0]), (target, here, kinds[1]))
    )
    np.testing.assert_array_equal(other["buy"], one["buy"])
    np.testing.assert_array_equal(other["rent"], one[None])
    named = dict(zip(there.vocabulary.tasks["mood"]["classes"], [1.0, 2.0, 3.0], strict=True))
    bias = np.asarray(target.ranker.get_layer("mood_head").bias)
    for place, mood in enumerate(here.vocabulary.tasks["mood"]["classes"]):
        assert bias[place] == named.get(mood, fresh[place])
    assert any(line == "taken: item.title, 9 of 10 words" for line in told.lines())
    assert any(line.startswith("not taken: item.item_id, ids are of") for line in told.lines())


def test_what_has_other_settings_is_left(there, here):
    other = model_of(here, 1, sharing="mmoe")
    before = other.ranker.get_layer("sharing").get_weights()
    told = transfer(model_of(there), other, here.vocabulary)
    assert told.left["heads.sharing"].startswith("it is a SharedBottom there and a MMoE here")
    np.testing.assert_array_equal(before[0], other.ranker.get_layer("sharing").get_weights()[0])
    assert told.left["item.title"] == "the other model's vocabulary is not known: give of_source"
    with pytest.raises(ValueError, match=r"Nothing of the other model fits.*width is 16 there and 8 here"):
        narrow = build_recommender(here.schema, here.vocabulary, width=8, fusion="concat")
        transfer(model_of(there), narrow, here.vocabulary, there.vocabulary)


def test_features_of_another_name(there, tmp_path):
    folder = write(tmp_path / "data", "b", ["see", "buy"], "xyz", item_id="film")
    text = (folder / "items.csv").read_text().replace("title", "name", 1)
    (folder / "items.csv").write_text(text)
    schema = Schema(
        item=[Text("name", length=3, min_count=1, encoder="bag"), Tags("genres")],
        tasks=[NextItem()],
        order="file",
        item_id="film",
        history=SCHEMA.history,
    )
    data = load(folder, schema)
    target = model_of(data, 1)
    told = transfer(model_of(there), target, data.vocabulary, there.vocabulary)
    assert told.left["item.name"] == "the other model has none"
    assert told.left["item.fusion"].startswith(
        "other settings: names is ['item_id', 'title', 'genres'] there"
    )
    told = transfer(model_of(there), target, data.vocabulary, there.vocabulary, {"name": "title"})
    assert told.taken["item.name"] == "9 of 9 words" and told.taken["item.fusion"] == "all of it"


@pytest.mark.parametrize("encoder", ["transformer", "hstu"])
def test_where_only_one_has_times_the_history_is_taken(there, encoder):
    """Times tell nothing at first: each starts as the unknown one."""
    history = replace(SCHEMA.history, encoder=encoder)
    schemas = [replace(SCHEMA, history=history, **kind) for kind in ({}, {"timestamp": "at", "order": None})]
    without, with_times = (
        build_recommender(schema, there.vocabulary, width=16, seed=seed)
        for seed, schema in enumerate(schemas)
    )
    told = transfer(without, with_times, there.vocabulary, there.vocabulary)
    assert told.taken["user.history"] == "all but what times say"
    events, window = np.random.default_rng(0).normal(size=(2, 4, 16)), np.zeros((2, 5), "int32")
    source, target = (model.user_tower.get_layer("history") for model in (without, with_times))
    known, unknown = np.asarray([[0, 60, 3600, 9]] * 2, "int32"), np.full((2, 4), UNKNOWN, "int32")
    of_source = run(lambda x: source(x, window, unknown), events.astype("float32"))
    np.testing.assert_allclose(
        run(lambda x: target(x, window, known), events.astype("float32")), of_source, atol=1e-5
    )

    target.gap.embeddings.assign(target.gap.embeddings + 1)
    told = transfer(with_times, without, there.vocabulary, there.vocabulary)
    assert told.taken["user.history"] == "all of it"
    np.testing.assert_array_equal(np.asarray(source.gap.embeddings), np.asarray(target.gap.embeddings))


def test_a_run_brings_its_own_vocabulary(there, here, tmp_path):
    run = Run(tmp_path / "run")
    source = model_of(there)
    run.save_model(source)
    shards.write(there, run.prepared)
    one, other = model_of(here, 1), model_of(here, 2)
    assert transfer(run.folder, one, here.vocabulary).taken["item.title"] == "9 of 10 words"
    transfer(run, other, here.vocabulary)
    np.testing.assert_array_equal(*(m.encode_items(here.items)["vector"] for m in (one, other)))
    with pytest.raises(ValueError, match="There is no trained model"):
        transfer(tmp_path / "nowhere", one, here.vocabulary)


@pytest.mark.slow
def test_it_starts_better_than_chance_on_another_catalogue(there, here):
    """The two have no item in common, and titles say where an item stands on the circle."""
    source = model_of(there)
    fit(source, there.train, epochs=60, batch_events=64, learning_rate=0.01, jit_compile=True)
    at_home = evaluate(source, there.test).metrics["ndcg@10"]
    untrained = [evaluate(model_of(here, seed), here.test).metrics["ndcg@10"] for seed in range(1, 6)]
    target = model_of(here, 1)
    transfer(source, target, here.vocabulary, there.vocabulary)
    moved = evaluate(target, here.test).metrics["ndcg@10"]
    assert at_home > 0.6 and moved > 1.3 * np.mean(untrained)
