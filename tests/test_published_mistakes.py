"""Mistakes that published examples of such systems make, which must not come back here.

Others have their test where the part is: a loss reduced before it is weighted (``tests/contracts/task.py``,
``tests/models/test_recommender.py``), cosine with the wrong sign and one λ for two terms
(``tests/contracts/alignment.py``), pictures of a size that the dense layer behind them does not have
(``tests/contracts/encoder.py``).
"""

import keras
import numpy as np
import pytest
from keras.ops import convert_to_numpy

from backends import JIT
from contracts.samples import random
from tfmmrec.data import load
from tfmmrec.data.batches import Batches
from tfmmrec.evaluation import evaluate
from tfmmrec.modalities import Category, Number, Text
from tfmmrec.models import build_recommender
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, Match


@pytest.fixture(scope="module")
def trained(small_sets):
    """A model of ids of items and users, before and after some steps: weights by path."""
    schema = small_sets.schema.only(item=["item_id"], tasks=["match", "like"])
    model = build_recommender(schema, small_sets.vocabulary, width=8, seed=0)
    model.compile(keras.optimizers.SGD(0.5), jit_compile=JIT)
    before = {one.path: convert_to_numpy(one) for one in model.trainable_variables}
    for x, y, w in [Batches(small_sets, schema, batch_events=200)[at] for at in range(2)]:
        model.train_on_batch({name: x[name] for name in model.input}, y, w)
    return model, before, {one.path: convert_to_numpy(one) for one in model.trainable_variables}


def test_tables_named_like_their_inputs_are_trained(trained):
    """An embedding that reads an input of its own name, and of which nothing reaches the loss."""
    model, before, after = trained
    paths = {name: encoder.embedding.embeddings.path for name, encoder in model.id_tables.items()}
    assert paths.keys() == {"item.item_id.id", "user.user_id.id"}
    for path in paths.values():
        moved = np.abs(after[path] - before[path]).max(axis=1) > 0
        assert moved[1:].mean() > 0.9, path


def test_items_and_users_have_a_table_each(trained, small_sets):
    model, before, _ = trained
    items, users = (encoder.embedding.embeddings for encoder in model.id_tables.values())
    assert items is not users and items.path != users.path
    assert items.shape[0] == small_sets.vocabulary.trained_items + 1
    assert users.shape[0] == len(small_sets.user_ids) + 1 != items.shape[0]
    both = min(items.shape[0], users.shape[0])
    assert np.abs(before[items.path][:both] - before[users.path][:both]).min() > 0


def test_a_text_of_many_words_is_one_vector(tmp_path):
    """And not one for each word, of which dense layers behind it would make as many answers."""
    titles = ["red", "red blue green", "", "red", "blue " * 30]
    (tmp_path / "items.csv").write_text(
        "item_id,title\n" + "".join(f"{n},{t}\n" for n, t in enumerate(titles))
    )
    rows = [f"{user},{(user + step) % 5}\n" for user in range(5) for step in range(4)]
    (tmp_path / "events.csv").write_text("user_id,item_id\n" + "".join(rows))
    schema = Schema(item=[Text("title", length=8, min_count=1)], item_identity=False, tasks=[Match()])
    data = load(tmp_path, schema)
    model = build_recommender(schema, data.vocabulary, width=8, seed=0)
    found = dict(zip(data.item_ids, model.encode_items(data.items)["vector"], strict=True))
    assert {vector.shape for vector in found.values()} == {(8,)}
    np.testing.assert_allclose(found["0"], found["3"], atol=1e-6)
    others = [found[name] for name in ("0", "1", "2", "4")]
    assert min(np.abs(a - b).max() for n, a in enumerate(others) for b in others[:n]) > 1e-3


def test_a_number_is_no_row_of_a_table():
    """1999 and 1999.4 are near each other, and −3 is no error: a number goes through dense layers."""
    number = Number("year")
    state = number.fit(np.asarray([1950.0, 2000.0, 1999.0]))
    ((shape, dtype),) = number.spec(state).values()
    assert dtype == "float32"
    layers = [layer for layer in number.make_encoder(8, state, name="year")._flatten_layers()]
    assert not any(isinstance(layer, keras.layers.Embedding) for layer in layers)
    category = Category("kind")
    ((_, dtype),) = category.spec(category.fit(["a", "b"])).values()
    assert dtype == "int32"


def test_a_yes_is_a_sigmoid_once():
    """The head gives a logit of any size, the loss reads logits, and the answer is a probability."""
    task = Binary("like")
    head = task.head(4, {})
    logits = np.asarray(head(50 * random(3, 5, 4)))
    assert logits.min() < -1 and logits.max() > 1  # no sigmoid yet
    answer = np.asarray(task.predict(keras.ops.convert_to_tensor(logits), {}))
    np.testing.assert_allclose(answer, 1 / (1 + np.exp(-logits.astype("float64"))), atol=1e-6)


def test_the_class_of_one_logit_is_no_arg_max():
    """Which is 0 always: here half of the answers are yes, and all are right."""
    label = np.asarray([0.0, 1.0, 1.0, 0.0])
    found = Binary("like").metrics(label, np.asarray([0.2, 0.8, 0.6, 0.4]), np.ones(4), {})
    assert found["accuracy"] == 1 and found["f1"] == 1


def test_no_row_that_was_trained_on_is_evaluated(small_data):
    """Each event belongs to one split, and an evaluation judges those of its own alone."""
    splits = (small_data.train, small_data.validation, small_data.test, small_data.cold)
    rows = np.concatenate([split.rows for split in splits])
    assert sorted(rows) == list(range(len(small_data.events.item)))
    schema = small_data.schema.only(item=["item_id"], event=[], tasks=["like"])
    model = build_recommender(schema, small_data.vocabulary, width=8, seed=0)
    answers = evaluate(model, small_data.test).answers["like"]
    labels = small_data.events.labels["like"][small_data.test.rows]
    np.testing.assert_array_equal(np.sort(answers.labels), np.sort(labels[~np.isnan(labels)]))
