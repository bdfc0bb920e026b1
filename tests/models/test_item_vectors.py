"""Where the vectors of all items come from: a table, a cache, this step."""

import dataclasses
import itertools

import numpy as np
import pytest
from keras import ops

from backends import compiled, gradients, run
from contracts.samples import random, remade
from tfmmrec.data.batches import Batches
from tfmmrec.models import CachedContent, EncodedNow, IdTable, build_recommender

ITEMS, WIDTH = 7, 4
ROWS = np.asarray([4, 0, 6, -1, -1], "int32")
HERE = ROWS >= 0


def cache():
    layer = CachedContent(ITEMS, WIDTH)
    layer.build()
    layer.content.assign(random(ITEMS, WIDTH, seed=1))
    return layer


def cross_entropy(hidden, table, target, weight):
    logits = hidden @ table.T
    log_probability = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return -(weight * log_probability[np.arange(len(target)), target]).sum()


@pytest.mark.backend
@pytest.mark.parametrize("ids", [True, False])
def test_the_table_is_ids_and_cache_with_this_steps_vectors_on_top(ids):
    layer, identity, vectors = cache(), random(ITEMS + 1, WIDTH, seed=2), random(5, WIDTH, seed=3)
    expected = np.asarray(layer.content) + (identity[1:] if ids else 0)
    expected[ROWS[HERE]] = vectors[HERE]

    def table(vectors, identity):
        return layer.table(
            {"rows": ops.convert_to_tensor(ROWS), "vectors": vectors}, identity if ids else None, "float32"
        )

    np.testing.assert_allclose(run(table, vectors, identity), expected, rtol=1e-6)


@pytest.mark.backend
def test_cosines_are_those_of_the_sum_of_content_and_id():
    layer, identity, vectors = cache(), random(ITEMS + 1, WIDTH, seed=2), random(5, WIDTH, seed=3)
    layer.cosine = True
    summed = np.asarray(layer.content) + identity[1:]
    one = summed / np.linalg.norm(summed, axis=1, keepdims=True)
    rows = ops.convert_to_tensor(ROWS)
    table = run(lambda v, i: layer.table({"rows": rows, "vectors": v}, i, "float32"), vectors, identity)
    one[ROWS[HERE]] = vectors[HERE]  # which the item tower has brought to length one
    np.testing.assert_allclose(table, one, rtol=1e-5)
    nowhere, summed = ops.full((5,), -1, dtype="int32"), summed[np.maximum(ROWS, 0)]
    found = run(
        lambda v, i: layer(v, nowhere, ops.maximum(rows, 0), ops.zeros(5), ops.zeros(5), i),
        vectors,
        identity[1:][np.maximum(ROWS, 0)],
    )
    np.testing.assert_allclose(found, summed / np.linalg.norm(summed, axis=1, keepdims=True), rtol=1e-5)
    hidden, target = random(3, WIDTH, seed=4), [1, 4, 6]
    ids = IdTable(ITEMS, WIDTH, cosine=True)

    def loss(hidden, identity):
        return ids.softmax(hidden, ops.convert_to_tensor(target), ops.ones(3), {}, identity)

    table = identity[1:] / np.linalg.norm(identity[1:], axis=1, keepdims=True)
    expected = cross_entropy(hidden, table, target, np.ones(3))
    assert run(loss, hidden, identity) == pytest.approx(expected, rel=1e-5)
    assert remade(ids).get_config() == ids.get_config()


@pytest.mark.backend
def test_gradient_reaches_all_ids_and_this_steps_content_alone():
    layer, identity, content = cache(), random(ITEMS + 1, WIDTH, seed=2), random(5, WIDTH, seed=3)
    hidden, target = random(3, WIDTH, seed=4), ops.convert_to_tensor([1, 4, 6])
    rows = ops.convert_to_tensor(ROWS)

    def loss(content, identity, hidden):
        vectors = content + ops.take(
            identity, ops.maximum(rows + 1, 0), axis=0
        )  # as the item tower adds them
        batch = {"rows": rows, "vectors": vectors}
        return layer.softmax(hidden, target, ops.ones(3), batch, identity)

    of_cache, (of_content, of_identity, of_hidden) = gradients(
        loss, [layer.content], [content, identity, hidden]
    )
    np.testing.assert_array_equal(np.abs(of_content).max(axis=1) > 0, HERE)
    np.testing.assert_array_equal(np.abs(of_identity).max(axis=1) > 0, np.arange(ITEMS + 1) > 0)
    assert not np.any(of_cache) and np.abs(of_hidden).min() > 0


@pytest.mark.backend
def test_a_step_may_encode_a_part_of_its_items():
    layer, encoded, identity = cache(), random(2, WIDTH, seed=3), random(5, WIDTH, seed=5)
    place = np.asarray([-1, 1, 0, -1, -1], "int32")

    def call(encoded, identity):
        chance = ops.convert_to_tensor(np.asarray([1, 0.25, 0.125, 1, 1], "float32"))
        return layer(encoded, place, ops.convert_to_tensor(ROWS), ops.zeros(5), ops.log(chance), identity)

    found, content = run(call, encoded, identity), np.asarray(layer.content)
    np.testing.assert_allclose(found[[1, 2]], encoded[[1, 0]] + identity[[1, 2]], rtol=1e-6)
    np.testing.assert_allclose(found[0], content[4] + identity[0], rtol=1e-6)
    _, (of_encoded, of_identity) = gradients(lambda e, i: ops.sum(call(e, i)[:3]), [], [encoded, identity])
    np.testing.assert_allclose(of_encoded, [[8] * WIDTH, [4] * WIDTH], rtol=1e-6)  # one by its chance
    np.testing.assert_array_equal(of_identity[:3], np.ones((3, WIDTH)))


@pytest.mark.backend
def test_the_encoder_gets_the_catalogues_gradient_on_average():
    """Over every draw of two of five other items, and of three to encode of the four of a step."""
    features, hidden, target = random(ITEMS, 3), random(3, WIDTH, seed=4), ops.convert_to_tensor([1, 4, 1])
    weights, identity = random(3, WIDTH, seed=2), random(ITEMS + 1, WIDTH, seed=6)
    layer = CachedContent(ITEMS, WIDTH, cosine=True)
    layer.build()
    layer.content.assign(features @ weights)
    of_events, others = [1, 4], [0, 2, 3, 5, 6]

    def one(weights, rows, place, drawn, log_encoded):
        ids = ops.take(identity, ops.convert_to_tensor(rows + 1), axis=0)
        encoded = ops.matmul(ops.convert_to_tensor(features[drawn]), weights)
        vectors = layer(encoded, place, ops.convert_to_tensor(rows), ops.zeros(4), log_encoded, ids)
        batch = {"rows": ops.convert_to_tensor(rows), "vectors": vectors}
        return layer.softmax(hidden, target, ops.ones(3), batch, identity)

    found = []
    for two in itertools.combinations(others, 2):
        rows = np.asarray([*of_events, *two], "int32")
        log_encoded = np.log(np.asarray([1, 1, 2 / 5, 2 / 5], "float32") * 3 / 4)
        for three in itertools.combinations(range(4), 3):
            place = np.full(4, -1, "int32")
            place[list(three)] = range(3)
            drawn = rows[list(three)]

            def loss(weights, rows=rows, place=place, drawn=drawn, log_encoded=log_encoded):
                return one(weights, rows, place, drawn, log_encoded)

            found.append(gradients(loss, [], [weights])[1][0])

    def dense(weights):
        table = layer.scaled(ops.matmul(features, weights) + identity[1:])
        return IdTable(ITEMS, WIDTH).softmax(
            hidden, target, ops.ones(3), {}, ops.pad(table, [[1, 0], [0, 0]])
        )

    expected = gradients(dense, [], [weights])[1][0]
    np.testing.assert_allclose(np.mean(found, axis=0), expected, atol=1e-5)


def test_ids_alone_are_the_table():
    identity, hidden, target = random(ITEMS + 1, WIDTH), random(3, WIDTH, seed=4), np.asarray([1, 4, 6])
    weight = np.asarray([1, 0.5, 2], "float32")
    found = run(lambda h, i: IdTable(ITEMS, WIDTH).softmax(h, target, weight, {}, i), hidden, identity)
    assert found == pytest.approx(cross_entropy(hidden, identity[1:], target, weight), rel=1e-5)


def test_this_steps_items_are_a_sample():
    vectors, hidden, weight = random(5, WIDTH), random(2, WIDTH, seed=4), np.asarray([1, 2], "float32")
    batch = {"rows": ROWS, "log_q": np.zeros(5, "float32"), "vectors": vectors, "targets": vectors[[2, 0]]}
    found = run(lambda h: EncodedNow(ITEMS, WIDTH).softmax(h, ROWS[[2, 0]], weight, batch, None), hidden)
    assert found == pytest.approx(cross_entropy(hidden, vectors[HERE], [2, 0], weight), rel=1e-5)


@pytest.mark.parametrize("provider", [IdTable, CachedContent, EncodedNow])
def test_configuration(provider):
    layer = provider(ITEMS, WIDTH, name="item_vectors")
    assert remade(layer).get_config() == layer.get_config()


def test_the_provider_that_fits_is_chosen(small_data):
    schema, vocabulary = small_data.schema, small_data.vocabulary
    assert isinstance(build_recommender(schema, vocabulary, width=8).item_vectors, CachedContent)
    ids = build_recommender(schema.only(item=["item_id"]), vocabulary, width=8)
    assert isinstance(ids.item_vectors, IdTable)
    many = dataclasses.replace(vocabulary, trained_items=100_001)
    assert isinstance(build_recommender(schema, many, width=8).item_vectors, EncodedNow)


def dense_loss(model, data, batch):
    """The retrieval loss by all items encoded now."""
    x, y, w = batch
    table = model.encode_items(data.items)["vector"][: data.vocabulary.trained_items]
    states, name = np.asarray(model.predict_on_batch(x)["states"]), data.schema.retrieval.name
    states = np.broadcast_to(states, (*y[name].shape, states.shape[-1])).reshape(-1, states.shape[-1])
    return cross_entropy(states, table, y[name].ravel(), w[name].ravel()) / w[name].sum()


def loss_of(model, data, batch):
    x, y, w = batch
    found = compiled(lambda x: model.compute_losses(x, y, model(x, training=False), w, False))(x)
    return found[data.schema.retrieval.name]


@pytest.mark.backend
def test_a_refresh_makes_the_cache_exact(model, ask, losses, small_data, batch):
    """Also where a step encodes a few of its items."""
    x, y, w = batch
    few = next(
        x
        for x, _, _ in Batches(small_data, small_data.schema, batch_events=64, encoded=4)
        if x["candidate"].shape == batch[0]["candidate"].shape
    )
    assert len(few["item.item_id.id"]) == 4 < len(x["item.item_id.id"])
    np.testing.assert_array_equal(few["history.item"], x["history.item"])
    np.testing.assert_allclose(ask(few)["states"], ask(x)["states"], atol=1e-5)
    expected = dense_loss(model, small_data, batch)
    assert losses(few, y, w)["next_item"] == pytest.approx(expected, rel=1e-5)
    content = np.asarray(model.item_vectors.content)
    try:
        model.item_vectors.content.assign(content + random(*content.shape))
        stale = loss_of(model, small_data, (few, y, w))
    finally:
        model.refresh(small_data.items)
    assert stale != pytest.approx(expected, rel=1e-2)
    np.testing.assert_allclose(np.asarray(model.item_vectors.content), content, atol=1e-6)


@pytest.mark.parametrize(
    ("item", "provider"),
    [(["item_id"], "table"), (["item_id"], "cached"), (["year", "genres"], "cached"), (None, "encoded")],
)
def test_every_provider_is_the_full_softmax_when_it_knows_every_item(make, small_sets, item, provider):
    model = make(small_sets, schema=small_sets.schema.only(item=item), item_vectors=provider)
    settings = {"batch_events": 64, "negatives": 99} if provider == "encoded" else {"batch_events": 14}
    x, y, w = Batches(small_sets, model.schema, **settings)[0]
    assert ((x["item.row"] >= 0).sum() == small_sets.vocabulary.trained_items) == (provider == "encoded")
    x = {**x, "item.log_q": 0 * x["item.log_q"]}
    assert loss_of(model, small_sets, (x, y, w)) == pytest.approx(
        dense_loss(model, small_sets, (x, y, w)), rel=1e-4
    )
