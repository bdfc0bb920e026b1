"""Ids that a graph moves, in the model: everybody reads the same table, and an export needs no graph."""

import dataclasses

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from backends import JIT, run
from tfmmrec.data.batches import Batches
from tfmmrec.evaluation.queries import queries_of
from tfmmrec.evaluation.states import user_states
from tfmmrec.models import Recommender, build_recommender, without_graph
from tfmmrec.training import fit, row_updates

LIGHT_GCN = {"name": "light_gcn", "layers": 2}


def connected(data, schema=None, **settings):
    model = build_recommender(
        schema or data.schema, data.vocabulary, **{"width": 8, "seed": 0, "graph": LIGHT_GCN, **settings}
    )
    model.graph.connect(data)
    return model


@pytest.fixture(scope="module")
def model(small_sets):
    """Of all features; to be asked and not to be trained."""
    return connected(small_sets)


@pytest.fixture(scope="module")
def tables(model):
    """What the graph gives, by side."""
    learned = {side: np.asarray(table.embeddings) for side, table in encoder(model).tables.items()}
    return run(model.graph, learned)


def encoder(model, side="item"):
    return model.id_tables[f"{side}.{side}_id.id"]


@pytest.mark.backend
def test_everybody_reads_the_same_table(model, tables, small_sets):
    """The loss, the provider's identity, and the encoders of both towers."""
    np.testing.assert_allclose(run(lambda: model.identity_table), tables["item"], atol=1e-6)
    learned = np.asarray(encoder(model).embedding.embeddings)
    assert np.abs(learned - tables["item"])[1:].max(axis=1).min() > 1e-4
    rows = np.asarray([3, 0, -1], "int32")
    identity = run(model.get_layer("identity"), rows)
    np.testing.assert_allclose(identity[:2], tables["item"][rows[:2] + 1], atol=1e-6)
    encoded = model.encode_items(small_sets.items)
    np.testing.assert_allclose(encoded["vector"], encoded["content"] + tables["item"][1:], atol=1e-5)
    numbers = np.asarray([5, 0, 1], "int32")
    tokens, mask = run(lambda numbers: encoder(model, "user")({"id": numbers}), numbers)
    assert mask[:, 0].tolist() == [True, False, True]  # an id unknown to training is missing as ever
    np.testing.assert_allclose(tokens[mask], tables["user"][[5, 1]], atol=1e-6)
    paths = [variable.path for variable in model.trainable_variables]
    assert {"item_id/table/embeddings", "user_id/table/embeddings"} <= set(paths)
    assert len(paths) == len(set(paths))


@pytest.mark.backend
@pytest.mark.parametrize("providing", ["cached", "encoded", "table"])
def test_a_step_moves_the_ids_whichever_provider_and_no_edge(small_sets, providing):
    schema = small_sets.schema.only(item=["item_id"]) if providing == "table" else small_sets.schema
    model = connected(small_sets, schema, item_vectors=providing, fusion="sum")
    model.compile(keras.optimizers.SGD(0.5), jit_compile=JIT)
    edges = [convert_to_numpy(one) for one in model.graph.non_trainable_variables]
    before = [convert_to_numpy(table.embeddings) for table in encoder(model).tables.values()]
    drawn = 4 if model.item_vectors.sampled else 0
    x, y, w = Batches(small_sets, schema, batch_events=200, negatives=drawn)[0]
    loss = model.train_on_batch({name: x[name] for name in model.input}, y, w, return_dict=True)["loss"]
    assert np.isfinite(loss)
    after = [convert_to_numpy(table.embeddings) for table in encoder(model).tables.values()]
    for one, other in zip(before, after, strict=True):
        assert (np.abs(one - other)[1:].max(axis=1) > 0).mean() > 0.9
    for one, other in zip(edges, model.graph.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_call_of_the_model_propagates_once(model, small_sets, monkeypatch):
    asked = []
    propagate = type(model.graph).propagate
    monkeypatch.setattr(
        type(model.graph), "propagate", lambda self, tables: asked.append(1) or propagate(self, tables)
    )
    x, _, _ = Batches(small_sets, small_sets.schema, batch_events=200)[0]
    run(lambda x: model(x, training=False), x)
    assert len(asked) == 1
    run(lambda: model.identity_table)
    assert len(asked) == 2  # what was held is forgotten


@pytest.mark.backend
def test_an_evaluation_propagates_once_however_many_are_asked_about(small_sets, monkeypatch):
    model, asked = connected(small_sets, fusion="sum"), []
    propagate = type(model.graph).propagate
    monkeypatch.setattr(
        type(model.graph), "propagate", lambda self, tables: asked.append(1) or propagate(self, tables)
    )
    queries, embedding = queries_of(small_sets.test), encoder(model).embedding.embeddings
    features = {f"{f}.{part}": array for f, of in small_sets.items.items() for part, array in of.items()}
    given = {name: features[name] for name in model.item_tower.input}
    for scale in (1, 2):  # what was compiled is used again, and reads the tables as they are then
        embedding.assign(scale * keras.ops.convert_to_numpy(embedding))
        asked.clear()
        vectors = model.encode_items(small_sets.items, batch=5)["vector"]
        assert len(vectors) > 10 and len(asked) == 1
        expected = run(lambda x: model.item_tower(x, training=False)["vector"], given)
        np.testing.assert_allclose(vectors, expected, atol=1e-5)
        asked.clear()
        states = user_states(model, queries, vectors, batch=4)
        assert len(states) > 4 and len(asked) == 1
        expected = user_states(without_graph(model), queries, vectors)
        np.testing.assert_allclose(states, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("graph", [LIGHT_GCN, {"name": "knn", "k": 3, "learned": True}])
def test_saved_and_loaded_and_without_the_graph_it_answers_the_same(small_sets, tmp_path, graph):
    model = connected(small_sets, graph=graph, fusion="sum", temperature=0.2)
    model.refresh(small_sets.items)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert isinstance(again, Recommender) and again.get_config() == model.get_config()
    plain = without_graph(again)
    assert plain.graph is None and "graph" not in plain.get_config() and without_graph(plain) is plain
    assert not any("graph" in weight.path for weight in plain.weights)
    x, _, _ = Batches(small_sets, small_sets.schema, batch_events=200)[0]
    expected = run(lambda x: model(x, training=False), x)
    for one in (again, plain):
        for name, value in run(lambda x, one=one: one(x, training=False), x).items():
            np.testing.assert_allclose(value, expected[name], atol=1e-5, err_msg=name)


def test_without_a_graph_a_model_is_what_it_was(small_sets):
    model = build_recommender(small_sets.schema, small_sets.vocabulary, width=8)
    assert model.graph is None and "graph" not in model.get_config()
    assert model.identity_table is encoder(model).embedding.embeddings


def test_a_training_tells_the_graph_of_its_data_first(small_sets):
    schema = small_sets.schema.only(item=["item_id"], tasks=["match"])
    model = build_recommender(schema, small_sets.vocabulary, width=8, graph="light_gcn")
    assert not np.asarray(model.graph.met.weight).any()
    fit(model, small_sets.train, epochs=1, jit_compile=JIT)
    expected = connected(small_sets, schema)
    for one, other in zip(
        model.graph.non_trainable_variables, expected.graph.non_trainable_variables, strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_every_row_of_a_large_table_is_updated(small_sets, monkeypatch):
    monkeypatch.setattr(row_updates, "LARGE_TABLE", 3)
    plain = build_recommender(small_sets.schema, small_sets.vocabulary, width=8)
    assert row_updates.large_tables(plain) == ["user_id/table/embeddings"]
    assert row_updates.large_tables(connected(small_sets)) == []


@pytest.mark.backend
def test_ids_are_hidden_as_ever(small_sets):
    """Where the id is dropped, the graph's vector of it has no part."""
    features = dataclasses.replace(small_sets.schema).features("item")
    hidden = dataclasses.replace(features[0], dropout=0.999)
    schema = dataclasses.replace(small_sets.schema, item=[hidden, *features[1:]], item_identity=False)
    model = connected(small_sets, schema, fusion="sum")
    given = {
        f"{feature.name}.{part}": array[:8]
        for feature in features
        for part, array in small_sets.items[feature.name].items()
    }
    ask = [run(lambda x, t=t: model.item_tower(x, training=t)["vector"], given) for t in (False, True)]
    encoder(model).embedding.embeddings.assign(7 + 0 * encoder(model).embedding.embeddings)
    moved = [run(lambda x, t=t: model.item_tower(x, training=t)["vector"], given) for t in (False, True)]
    assert (np.abs(moved[0] - ask[0]).max(axis=1) > 0.1).all()
    assert (np.abs(moved[1] - ask[1]).max(axis=1) > 0.1).mean() < 0.5
