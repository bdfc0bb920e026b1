"""Updates by row: those of AdamW for the rows that were used, and nothing for the others."""

import dataclasses

import keras
import numpy as np
import pytest

from backends import JIT
from contracts.samples import random, remade
from tfmmrec.data.batches import Batches
from tfmmrec.modalities import History
from tfmmrec.models import RowGradient, build_recommender, sum_gradients
from tfmmrec.training import fit, row_updates
from tfmmrec.training.row_updates import RowAdamW, adamw, drawn_parts, large_tables, summed

SETTINGS = {"learning_rate": 0.1, "weight_decay": 0.2, "beta_1": 0.8, "beta_2": 0.9, "global_clipnorm": 1.0}


def gradient_of_rows(rows, values):
    """As the backend's step gives it."""
    rows, values = keras.ops.convert_to_tensor(rows), keras.ops.convert_to_tensor(values)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.IndexedSlices(values, rows)
    return RowGradient(values, rows)


def array(variable):
    return np.array(keras.ops.convert_to_numpy(variable))


def arrays(variables):
    return {variable.path: array(variable) for variable in variables}


@pytest.mark.backend
def test_a_row_that_is_read_twice_stands_once():
    values = np.asarray([[1, 1], [2, 2], [4, 4], [8, 8], [16, 16]], "float32")
    rows, sums = summed(gradient_of_rows(np.asarray([5, 0, 3, 5, 0], "int32"), values))
    assert array(rows).tolist() == [0, 3, 5, 0, 0]
    assert array(sums)[:, 0].tolist() == [18, 4, 9, 0, 0]


@pytest.mark.backend
def test_two_steps_by_hand():
    """Row 2 is used in both, row 4 in the second alone; row 1 never, and row 0 is nobody's."""
    weight, gradients = random(5, 3), [random(3, 3, seed=1), random(3, 3, seed=2)]
    rows = [np.asarray([2, 0, 2], "int32"), np.asarray([2, 4, 0], "int32")]
    for one, padding in zip(gradients, (1, 2), strict=True):
        one[padding] = 0
    table, other = keras.Variable(weight, name="table"), keras.Variable(random(4, seed=3), name="other")
    optimizer = RowAdamW(**SETTINGS, tables=[table.path])
    optimizer.build([table, other])
    for row, of_rows in zip(rows, gradients, strict=True):
        optimizer.apply([gradient_of_rows(row, of_rows), keras.ops.ones(4)], [table, other])

    m, v, expected = np.zeros_like(weight), np.zeros_like(weight), weight.astype("float64")
    for step, (row, of_rows) in enumerate(zip(rows, gradients, strict=True), start=1):
        whole = np.zeros_like(weight)
        np.add.at(whole, row, of_rows)
        whole *= min(1, 1 / np.sqrt((whole**2).sum() + 4))
        used = sorted({*row.tolist()} - {0})
        m[used] = 0.8 * m[used] + 0.2 * whole[used]
        v[used] = 0.9 * v[used] + 0.1 * whole[used] ** 2
        expected[used] *= 1 - 0.1 * 0.2
        expected[used] -= 0.1 * (m[used] / (1 - 0.8**step)) / np.sqrt(v[used] / (1 - 0.9**step))
    np.testing.assert_allclose(array(table), expected, rtol=1e-4)
    np.testing.assert_array_equal(array(table)[[0, 1, 3]], weight[[0, 1, 3]])
    kept = {path.rsplit("/", 1)[-1]: array for path, array in arrays(optimizer.variables).items()}
    np.testing.assert_allclose(kept["table_momentum"], m, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(kept["table_velocity"], v, rtol=1e-5, atol=1e-8)


@pytest.mark.backend
def test_a_dense_gradient_updates_every_row():
    weight, gradient = random(5, 3), random(5, 3, seed=1)
    found = []
    for kind, settings in ((RowAdamW, {"tables": ["table"]}), (keras.optimizers.AdamW, {})):
        table = keras.Variable(weight, name="table")
        optimizer = kind(**SETTINGS, **settings)
        optimizer.build([table])
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [table])
        found.append(array(table))
    np.testing.assert_array_equal(*found)


def test_of_other_tables_too_a_row_that_is_read_twice_has_one_gradient():
    """Keras' own AdamW squares each of the two, which is another second moment and another norm."""
    weight, values, found = random(5, 3), random(2, 3, seed=1), []
    for sparse in (True, False):
        table = keras.Variable(weight, name="words")
        optimizer = RowAdamW(**SETTINGS)
        optimizer.build([table])
        gradient = gradient_of_rows(np.asarray([3, 3], "int32"), values)
        dense = np.zeros((5, 3), "float32")
        dense[3] = values.sum(axis=0)
        optimizer.apply([gradient if sparse else keras.ops.convert_to_tensor(dense)], [table])
        found.append([array(one) for one in (table, *optimizer.variables)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def schema_of(data):
    """Ids of items and users alone, nothing at random, and windows so short that users have several."""
    history = History(length=3, layers=1, heads=2, dropout=0.0)
    schema = data.schema.only(item=["item_id"], event=[], tasks=["next_item"])
    return dataclasses.replace(schema, history=history, user_identity=True)


@pytest.fixture
def small_tables(monkeypatch):
    monkeypatch.setattr(row_updates, "LARGE_TABLE", 10)


@pytest.fixture(scope="module")
def data(small_folder):
    from small import schema
    from tfmmrec.data import load

    return load(small_folder, dataclasses.replace(schema(), user_identity=True))


def model_of(data, **settings):
    schema = schema_of(data)
    return build_recommender(
        schema, data.vocabulary, width=8, fusion="concat", seed=0, **{"item_vectors": "encoded", **settings}
    )


def one_step(data, optimizer, batch, hook=None):
    """The model's variables and the optimizer's before and after a step, by path."""
    model = model_of(data)
    model.gradient_hook = hook
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, jit_compile=JIT)
    variables = [*model.trainable_variables, *optimizer.variables]
    before = arrays(variables)
    x, y, w = batch
    model.train_on_batch({name: x[name] for name in model.input}, y, w)
    return before, arrays(variables), model


def twice(users):
    """Whether two windows are of one user."""
    users = users[users > 0]
    return len(users) > len(np.unique(users))


@pytest.mark.backend
def test_a_step_is_that_of_adamw_for_the_rows_used(data, small_tables):
    batches = Batches(data, schema_of(data), batch_events=24, negatives=3)
    batch = next(one for one in batches if twice(one[0]["user.user_id.id"]))
    used = {name: np.unique(batch[0][f"{name.split('_')[0]}.{name}.id"]) for name in ("item_id", "user_id")}
    tables = large_tables(model_of(data))
    assert len(tables) == 2
    settings = {"learning_rate": 0.1, "weight_decay": 0.2, "name": "of_rows"}
    # with a hook gradients are dense: of sparse ones Keras' own AdamW squares before it sums
    _, dense, _ = one_step(data, keras.optimizers.AdamW(**settings), batch, hook=sum_gradients)
    before, found, model = one_step(data, RowAdamW(**settings, tables=tables), batch)
    seen = set()
    for path, after in found.items():
        other = dense[path]
        table = next((name for name in used if f"{name}/table" in path or f"{name}_table" in path), None)
        if table is None:
            np.testing.assert_allclose(after, other, rtol=1e-4, atol=1e-6, err_msg=path)
            continue
        rows, rest = used[table][used[table] > 0], np.setdiff1d(np.arange(len(after)), used[table])
        assert 0 < len(rows) < len(after) - 1
        np.testing.assert_allclose(after[rows], other[rows], rtol=1e-4, atol=1e-6, err_msg=path)
        assert np.abs(after[rows] - before[path][rows]).max(axis=1).min() > 0
        np.testing.assert_array_equal(after[rest], before[path][rest])
        np.testing.assert_array_equal(after[0], before[path][0])
        seen.add(path)
    assert len(seen) == 6  # two tables, and two moments of each
    assert all(encoder.read is None for encoder in model.id_tables.values())


def test_large_tables(data, monkeypatch):
    assert large_tables(model_of(data)) == []
    monkeypatch.setattr(row_updates, "LARGE_TABLE", 30)  # 40 users, 24 items
    assert [path.split("/")[0] for path in large_tables(model_of(data))] == ["user_id"]
    monkeypatch.setattr(row_updates, "LARGE_TABLE", 20)
    assert [path.split("/")[0] for path in large_tables(model_of(data))] == ["item_id", "user_id"]
    full = build_recommender(schema_of(data), data.vocabulary, width=8, item_vectors="cached")
    assert [path.split("/")[0] for path in large_tables(full)] == ["user_id"]


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


@pytest.mark.backend
def test_fit_takes_it_and_goes_on_where_it_was_killed(data, small_tables, tmp_path):
    def kill(epoch, step, steps, loss):
        if (epoch, step) == (2, 2):
            raise Killed

    ended, arguments = [], {"epochs": 2, "batch_events": 80, "seed": 0, "deterministic": True}
    for folder, on_step in ((None, None), (tmp_path, kill), (tmp_path, None)):
        model = model_of(data)
        try:
            fit(
                model,
                data.train,
                negatives=4,
                jit_compile=JIT,
                checkpoint=folder,
                checkpoint_every=0.0,
                on_step=on_step,
                **arguments,
            )
        except Killed:
            continue
        assert isinstance(model.optimizer, RowAdamW) and len(model.optimizer.tables) == 2
        ended.append([array(one) for one in (*model.variables, *model.optimizer.variables)])
    for one, other in zip(*ended, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_needs_every_row_updates_every_row(data, small_tables):
    model = model_of(data)
    assert adamw(model, 0.1, 0.0).tables == tuple(large_tables(model)) != ()
    for settings in ({"accumulate": 2}, {"ema": 0.9}):
        assert adamw(model, 0.1, 0.0, **settings).tables == ()
    model.gradient_hook = sum_gradients
    assert adamw(model, 0.1, 0.0).tables == ()


@pytest.mark.backend
def test_the_batches_of_one_update_move_the_average_once(data):
    """The first update is where it begins; the second counts a tenth once its four batches are through."""
    momentum = adamw(model_of(data), 0.1, 0.0, accumulate=4, ema=0.9).ema_momentum
    weight = keras.Variable(random(3), name="weight")
    settings = {"use_ema": True, "ema_momentum": momentum, "gradient_accumulation_steps": 4}
    optimizer = RowAdamW(0.1, weight_decay=0.0, **settings)
    optimizer.build([weight])
    seen = []
    for _ in range(11):
        optimizer.apply([keras.ops.ones(3)], [weight])
        seen.append(array(weight))
    assert (seen[2] == random(3)).all() and (seen[3] == seen[6]).all() and (seen[7] == seen[10]).all()
    average = array(optimizer._model_variables_moving_average[0])
    np.testing.assert_allclose(average, 0.9 * seen[3] + 0.1 * seen[7], rtol=1e-5)


def test_what_cannot_be_had_is_explained():
    for settings in ({"use_ema": True}, {"gradient_accumulation_steps": 2}, {"amsgrad": True}):
        with pytest.raises(ValueError, match="needs all of them; take keras.optimizers.AdamW"):
            RowAdamW(0.1, **settings, tables=["item_id/table/embeddings"])


def test_configuration():
    optimizer = RowAdamW(**SETTINGS, tables=["item_id/table/embeddings"])
    assert remade(optimizer).get_config() == optimizer.get_config()
    assert remade(optimizer).tables == ("item_id/table/embeddings",)


@pytest.mark.backend
def test_a_modality_may_learn_slower():
    """In the first step of Adam every weight moves by the learning rate, whatever its gradient."""
    variables = [keras.Variable(random(3), name=name) for name in ("dense", "table")]
    paths = [one.path for one in variables]
    optimizer = RowAdamW(0.1, weight_decay=0.0, rates={paths[0].split("/")[0]: 0.25, "poster": 9.0})
    optimizer.build(variables)
    before = [array(one) for one in variables]
    optimizer.apply([keras.ops.convert_to_tensor(random(3, seed=1))] * 2, variables)
    moved = [np.abs(array(one) - old) for one, old in zip(variables, before, strict=True)]
    np.testing.assert_allclose(moved[0], 0.025, rtol=1e-3)
    np.testing.assert_allclose(moved[1], 0.1, rtol=1e-3)
    assert remade(optimizer).rates == optimizer.rates


def test_rates_are_those_of_features(data):
    model = model_of(data)
    assert adamw(model, 0.1, 0.0, rates={"item_id": 0.5}).rates == {"item_id": 0.5}
    with pytest.raises(ValueError, match=r"there is no feature 'itemid'. Did you mean 'item_id'\?"):
        adamw(model, 0.1, 0.0, rates={"itemid": 0.5})
    with pytest.raises(ValueError, match="the learning rate of 'item_id' is multiplied by 0 or more, got -1"):
        adamw(model, 0.1, 0.0, rates={"item_id": -1})


@pytest.mark.backend
def test_rows_of_a_frozen_table_stay_and_are_not_clipped_with():
    """What else is learnt moves as if the table had no gradient."""
    weight, gradient = random(5, 3), 9 * random(2, 3, seed=1)
    rows = np.asarray([2, 4], "int32")
    table, other = keras.Variable(weight, name="table"), keras.Variable(random(4, seed=3), name="other")
    optimizer = RowAdamW(**SETTINGS, tables=[table.path], paced=[table.path])
    alone, untouched = keras.Variable(random(4, seed=3), name="other"), RowAdamW(**SETTINGS)
    optimizer.build([table, other])
    untouched.build([alone])
    optimizer.paces[0].assign(0.0)
    optimizer.apply([gradient_of_rows(rows, gradient), keras.ops.full((4,), 0.1)], [table, other])
    untouched.apply([keras.ops.full((4,), 0.1)], [alone])
    np.testing.assert_array_equal(array(table), weight)
    np.testing.assert_allclose(array(other), array(alone), rtol=1e-6)
    assert all(not array(one[0]).any() for one in (optimizer._momentums, optimizer._velocities))
    optimizer.paces[0].assign(0.5)
    optimizer.apply([gradient_of_rows(rows, gradient), keras.ops.zeros((4,))], [table, other])
    moved = (array(table) != weight).any(axis=1)
    assert moved.tolist() == [False, False, True, False, True]


@pytest.mark.backend
def test_what_is_clipped_apart_does_not_shrink_the_others():
    """Both steps of each part are in the ratio of its own clipped gradients, 1 to 1 and .5 to .5."""
    long, short = keras.Variable(random(3), name="content"), keras.Variable(random(3, seed=1), name="other")
    optimizer = RowAdamW(**{**SETTINGS, "weight_decay": 0.0}, apart=[long.path])
    optimizer.build([long, short])
    for length in (30.0, 3.0):  # of the content; both are clipped to 1
        gradients = [np.asarray([length, 0, 0], "float32"), np.asarray([0, 0.3, 0.4], "float32")]
        optimizer.apply([keras.ops.convert_to_tensor(one) for one in gradients], [long, short])
    of_long, of_short = (array(one) for one in optimizer._momentums)
    np.testing.assert_allclose(of_long, [1 - 0.8**2, 0, 0], rtol=1e-5)
    np.testing.assert_allclose(of_short, (1 - 0.8**2) * np.asarray([0, 0.3, 0.4]), rtol=1e-5)
    assert remade(optimizer).get_config() == optimizer.get_config()


def test_content_of_which_a_step_draws_some_is_clipped_apart(data):
    model = model_of(data)
    assert drawn_parts(model) == []
    drawn = model_of(data, item_vectors="cached")
    paths = {one.path for one in drawn.item_tower.trainable_variables}
    assert set(drawn_parts(drawn)) == paths - {"item_id/table/embeddings"} != set()
