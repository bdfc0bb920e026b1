"""Evaluation of a model: what it knows, what it answers, what it is compared with."""

import dataclasses

import keras
import numpy as np
import pytest

import small
from tfmmrec.baselines import Bias, MostPopular
from tfmmrec.data import load
from tfmmrec.data.dataset import COLD, TEST, history_inputs
from tfmmrec.data.vocabulary import ids_sha256
from tfmmrec.evaluation import Ragged, evaluate, queries_of, user_states
from tfmmrec.metrics import auc, rmse
from tfmmrec.modalities import History
from tfmmrec.models import build_recommender
from tfmmrec.tasks import Binary, Multiclass


@pytest.fixture(scope="module")
def model(small_data):
    """Untrained: what is asked here does not depend on how good it is."""
    return build_recommender(small_data.schema, small_data.vocabulary, width=8, seed=0)


@pytest.fixture(scope="module")
def results(model, small_data):
    return evaluate(model, small_data.test, k=(3, 5), batch=16)


class Oracle:
    """A scorer that knows the answer."""

    def scores(self, queries, chunk):
        scores = np.zeros((len(chunk), queries.data.vocabulary.items), "float32")
        for row, query in enumerate(chunk):
            scores[row, queries.targets(query)] = 1
        return scores


def test_who_knows_the_answer_gets_full_marks(small_data, small_sets):
    for data in (small_data, small_sets):
        metrics = evaluate(Oracle(), data.test, k=(1, 24)).metrics
        assert metrics["hit_rate@1"] == metrics["mrr@1"] == metrics["ndcg@24"] == metrics["recall@24"] == 1


def test_a_baseline_is_judged_like_a_model(small_data):
    results = evaluate(MostPopular(small_data), small_data.test, k=(3, 5))
    names = {f"{m}@{k}" for m in ("recall", "hit_rate", "ndcg", "mrr") for k in (3, 5)}
    assert set(results.per_query) == names
    assert set(results.metrics) == names | {"coverage@5", "novelty@5"}
    assert not results.answers
    for name in names:
        assert results.per_query[name].shape == results.users.shape
        assert results.metrics[name] == pytest.approx(results.per_query[name].mean())
    seen = [set(queries_of(small_data.test).seen(q)) for q in range(len(results.users))]
    assert all(not seen[q] & set(row) for q, row in enumerate(results.recommended.tolist()))
    open_ended = evaluate(MostPopular(small_data), small_data.test, k=(5,), mask_history=False)
    assert any(seen[q] & set(row) for q, row in enumerate(open_ended.recommended.tolist()))


def test_what_scores_and_predicts_is_judged_by_both(small_data):
    class Both(MostPopular, Bias):
        def __init__(self, data):
            MostPopular.__init__(self, data)
            Bias.__init__(self, data)

    both = evaluate(Both(small_data), small_data.test).metrics
    alone = evaluate(Bias(small_data), small_data.test)
    assert both == evaluate(MostPopular(small_data), small_data.test).metrics | alone.metrics
    assert set(alone.answers) == {"like", "rating", "mood"} and not alone.per_query
    with pytest.raises(TypeError, match="A Recommender can be evaluated, and what has `scores` .* got dict"):
        evaluate({}, small_data.test)


def test_every_state_is_that_of_its_own_history(model, small_data):
    """Against the user tower asked one query at a time."""
    queries, vectors = queries_of(small_data.test), model.encode_items(small_data.items)["vector"]
    states = user_states(model, queries, vectors, batch=16)
    assert states.shape == (len(queries), 8)
    for query in (0, 17, len(queries) - 1):
        history = queries.histories[query]
        inputs = history_inputs(small_data, queries.users[[query]], [history], 6)
        assert (inputs["history.item"] == small_data.events.item[history[-6:]]).all()
        inputs["history.vector"] = vectors[inputs["history.item"]]
        tower = model.user_tower
        alone = np.asarray(tower.predict_on_batch({name: inputs[name] for name in tower.input}))
        np.testing.assert_allclose(states[query], alone[0, 6], rtol=1e-4, atol=1e-5)


def test_short_histories_are_read_in_short_rows(small_data, monkeypatch):
    """Histories of 1, 2, 3 and 5 events among 8 places: the same states in whatever rows."""
    schema = dataclasses.replace(small_data.schema, history=History(length=8, layers=1, heads=2))
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    data = dataclasses.replace(small_data, schema=schema)
    every = queries_of(data.test)
    known = np.resize([1, 2, 3, 5], len(every))
    histories = Ragged(every.histories.rows, every.histories.start, every.histories.start + known)
    queries, vectors = (
        dataclasses.replace(every, histories=histories),
        model.encode_items(data.items)["vector"],
    )
    shapes = []
    forward = model.forward
    monkeypatch.setattr(
        model, "forward", lambda *asked: shapes.append(asked[1]["history.time"].shape) or forward(*asked)
    )
    expected = user_states(model, queries, vectors, batch=4)
    assert set(shapes) == {(4, 1), (4, 2), (4, 4), (4, 5)}
    for batch, rows in ((16, [(16, 2), (16, 2), (16, 5), (16, 5)]), (None, [(64, 5)])):
        shapes.clear()
        found = user_states(model, queries, vectors, batch=batch)
        assert shapes == rows
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    less = user_states(model, queries, vectors, memory=20_000)
    assert 1 <= shapes[-1][0] < 16
    np.testing.assert_allclose(less, expected, rtol=1e-4, atol=1e-5)


def test_memory_reaches_the_ranking_and_does_not_change_it(model, small_data, results):
    asked = []

    class Watched(MostPopular):
        def scores(self, queries, chunk):
            asked.append(len(chunk))
            return super().scores(queries, chunk)

    tight = evaluate(Watched(small_data), small_data.test, k=(3, 5), memory=1)
    assert set(asked) == {1}
    assert tight.metrics == evaluate(MostPopular(small_data), small_data.test, k=(3, 5)).metrics
    again = evaluate(model, small_data.test, k=(3, 5), memory=100_000)
    np.testing.assert_array_equal(again.recommended, results.recommended)


def test_the_ranking_is_by_the_product_of_states_and_vectors(model, small_data, results):
    queries, vectors = queries_of(small_data.test), model.encode_items(small_data.items)["vector"]
    scores = user_states(model, queries, vectors) @ vectors.T
    for query in range(len(queries)):
        scores[query, queries.seen(query)] = -np.inf
    np.testing.assert_array_equal(results.recommended, np.argsort(-scores, axis=1, kind="stable")[:, :5])
    hits = [
        target in row[:3]
        for (target,), row in zip(map(queries.targets, range(40)), results.recommended, strict=True)
    ]
    assert results.metrics["hit_rate@3"] == pytest.approx(np.mean(hits))
    assert results.metrics["diversity@5"] > 0 and 0 < results.metrics["coverage@5"] <= 1


def test_every_head_answers_for_the_events_that_have_its_label(model, small_data, results):
    events, queries = small_data.events, queries_of(small_data.test)
    rows = np.concatenate(queries.events)
    vectors = model.encode_items(small_data.items)["vector"]
    pairs = {
        "states": user_states(model, queries, vectors)[:, None],
        "candidates": vectors[events.item[rows]][:, None],
    }
    outputs = model.ranker.predict_on_batch(pairs)
    for task in model.schema.tasks[1:]:
        given, state = results.answers[task.name], small_data.vocabulary.tasks[task.name]
        known = ~np.isnan(events.labels[task.name][rows])
        expected = np.asarray(task.predict(outputs[task.name], state))[known, 0]
        np.testing.assert_array_equal(given.users, events.user[rows][known])
        np.testing.assert_array_equal(given.labels, events.labels[task.name][rows][known])
        np.testing.assert_array_equal(given.weights, events.weights[task.name][rows][known])
        np.testing.assert_allclose(given.predictions, expected, rtol=1e-4, atol=1e-5)
    like, rating = results.answers["like"], results.answers["rating"]
    assert results.metrics["like.auc"] == pytest.approx(auc(like.labels, like.predictions))
    assert results.metrics["rating.rmse"] == pytest.approx(rmse(rating.labels, rating.predictions))
    assert results.answers["mood"].predictions.shape == (40, 3)


def test_what_a_class_counts_in_the_loss_it_does_not_count_in_measures(tmp_path):
    """The same models, of the same weights, whether yes counts four times in the loss or once."""
    folder, found = small.write(tmp_path), []
    for weight in (1.0, 4.0):
        schema = small.schema()
        tasks = (Binary("like", positive_weight=weight), Multiclass("mood", balanced=weight > 1))
        data = load(folder, dataclasses.replace(schema, tasks=tasks))
        model = build_recommender(data.schema, data.vocabulary, width=8, fusion="sum", seed=0)
        found.append(evaluate(model, data.test))
    alike, weighted = found
    assert alike.metrics == weighted.metrics and {"like.log_loss", "mood.accuracy"} <= set(alike.metrics)
    assert set(weighted.answers["like"].weights) == {1.0}


def test_a_missing_label_is_no_answer_and_a_task_without_labels_is_left_out(model, small_data):
    events, rows = small_data.events, small_data.test.rows
    like = events.labels["like"].copy()
    like[rows[::2]] = np.nan
    labels = {**events.labels, "like": like, "mood": np.full_like(like, np.nan)}
    data = dataclasses.replace(small_data, events=dataclasses.replace(events, labels=labels))
    results = evaluate(model, data.test, k=(3,))
    np.testing.assert_array_equal(results.answers["like"].users, events.user[rows[1::2]])
    assert "mood" not in results.answers and "mood.accuracy" not in results.metrics


def test_nothing_of_the_event_asked_about_is_seen(model, small_data, results):
    events = small_data.events
    held_out = events.split == TEST
    changed = dataclasses.replace(
        events,
        features={"kind": {"value": np.where(held_out, 1, events.features["kind"]["value"])}},
        time=events.time + 40 * held_out,
        labels={name: np.where(held_out, 1 - label, label) for name, label in events.labels.items()},
    )
    other = evaluate(model, dataclasses.replace(small_data, events=changed).test, k=(3, 5))
    np.testing.assert_array_equal(other.recommended, results.recommended)
    predictions = other.answers["rating"].predictions, results.answers["rating"].predictions
    np.testing.assert_allclose(*predictions, rtol=1e-5)
    assert other.metrics["rating.rmse"] != results.metrics["rating.rmse"]


def test_cold_items_are_ranked_among_themselves(model, small_data):
    events = small_data.events
    cold = np.isin(events.item, [3, 9, 20])
    split = np.where(cold, COLD, events.split).astype("int8")
    data = dataclasses.replace(small_data, events=dataclasses.replace(events, split=split))
    results = evaluate(model, data.cold, k=(2, 3))
    assert len(results.users) == cold.sum()
    assert set(results.recommended.ravel()) == {3, 9, 20}
    assert results.metrics["recall@3"] == 1
    assert "3 items" in results.protocol and results.protocol.startswith("cold: ")
    among_all = evaluate(model, data.cold, k=(3,), candidates=np.arange(24))
    assert among_all.metrics["recall@3"] < 1


def test_the_protocol_in_words(results, small_data):
    assert results.protocol == (
        "test: held-out items ranked among the whole catalogue, the user's history masked; "
        "ties count against the model"
    )
    unmasked = evaluate(Oracle(), small_data.test, mask_history=False)
    assert "history not masked" in unmasked.protocol
    trained = evaluate(Oracle(), small_data.test, history="train")
    assert "the user's history (of training alone) masked" in trained.protocol


def test_validation_is_neither_known_nor_masked_where_training_alone_is(model, small_data):
    """The item of validation may be recommended at test, and the user's state is that of validation."""
    validated = small_data.events.item[small_data.validation.rows]
    known, trained = (evaluate(model, small_data.test, k=(24,), history=h) for h in ("earlier", "train"))
    among = [(one.recommended == validated[:, None]).any(axis=1) for one in (known, trained)]
    assert not among[0].any() and among[1].all()
    at_validation = evaluate(model, small_data.validation, k=(5,), mask_history=False)
    at_test = evaluate(model, small_data.test, k=(5,), mask_history=False, history="train")
    np.testing.assert_array_equal(at_test.recommended, at_validation.recommended)


def test_data_that_were_prepared_otherwise_are_refused(model, small_data, tmp_path):
    """Rows follow the first event of training: another split gives items each other's vectors."""
    folder = small.write(tmp_path / "data")
    schema = small_data.schema
    same = load(folder, schema)
    assert same.vocabulary.trained_sha256 == ids_sha256(small_data.item_ids, small_data.user_ids)
    assert evaluate(model, same.test, k=(3,)).metrics == evaluate(model, small_data.test, k=(3,)).metrics
    everything = same.with_validation()
    assert evaluate(model, everything.test, k=(3,)).metrics["recall@3"] >= 0
    message = "The model was built for data that were prepared otherwise"
    for split in ("global-time", "random", "users"):
        other = load(folder, schema, split=split)
        with pytest.raises(ValueError, match=message):
            evaluate(model, other.test)
        assert evaluate(MostPopular(other), other.test).metrics  # what is made of the data itself
    path = tmp_path / "model.keras"
    model.save(path)
    with pytest.raises(ValueError, match=message):
        evaluate(keras.models.load_model(path), other.test)
    unknown = dataclasses.replace(other.vocabulary, trained_sha256="")  # made by hand, or by earlier versions
    assert evaluate(model, dataclasses.replace(other, vocabulary=unknown).test).metrics


def test_a_model_without_retrieval_has_heads_alone(small_data):
    schema = small_data.schema.only(tasks=["like"])
    twin = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    results = evaluate(twin, small_data.test)
    assert set(results.metrics) == {f"like.{name}" for name in ("auc", "log_loss", "accuracy", "f1")}
    assert not results.per_query


def test_sets(small_sets):
    model = build_recommender(small_sets.schema, small_sets.vocabulary, width=8, seed=0)
    results = evaluate(model, small_sets.test, k=(5,))
    assert len(results.users) == len(queries_of(small_sets.test)) and "mood.accuracy" in results.metrics
    assert len(results.answers["rating"].labels) == len(small_sets.test)


def test_an_empty_split_is_explained(model, small_data):
    with pytest.raises(ValueError, match="The cold split has no events"):
        evaluate(model, small_data.cold)
