"""Batches on their way to ``fit``."""

import sys
import time

import keras
import numpy as np
import pytest

from tfmmrec.data.batches import Batches
from tfmmrec.data.feeds import BatchSequence, feed, tf_dataset


@pytest.fixture(params=[True, False], ids=["sequences", "sets"])
def batches(made, request):
    histories = [np.arange(5 + 2 * user) % 40 for user in range(30)]
    data = made(histories, ordered=request.param, length=8)
    return Batches(data, data.schema, batch_events=60, negatives=3)


def as_arrays(batch):
    return tuple({name: np.asarray(array) for name, array in part.items()} for part in batch)


def assert_same(batches, others):
    batches, others = list(batches), list(others)
    assert len(batches) == len(others) > 3
    for batch, other in zip(map(as_arrays, batches), map(as_arrays, others), strict=True):
        for part, same in zip(batch, other, strict=True):
            assert part.keys() == same.keys()
            for name in part:
                assert part[name].dtype == same[name].dtype, name
                np.testing.assert_array_equal(part[name], same[name], err_msg=name)


@pytest.mark.parametrize("make", [tf_dataset, BatchSequence])
def test_a_feed_yields_the_batches_of_the_epoch_that_is_set(batches, make):
    data = make(batches)
    for epoch in (0, 3, 1):
        batches.epoch = epoch
        assert_same(data, [batches[i] for i in range(len(batches))])


def test_a_dataset_keeps_the_epoch_it_started_with(batches):
    dataset, first = tf_dataset(batches), list(batches)
    running = iter(dataset)
    begun = [next(running)]
    batches.epoch = 4
    assert_same([*begun, *running], first)
    assert_same(dataset, batches)


def test_several_epochs_are_read_side_by_side(batches):
    dataset, running, expected = tf_dataset(batches), [], []
    for epoch in range(4):
        batches.epoch = epoch
        expected.append(list(batches))
        iterator = iter(dataset)
        running.append(([next(iterator)], iterator))
    for (begun, rest), same in zip(running, expected, strict=True):
        assert_same([*begun, *rest], same)


def test_a_dataset_that_is_only_made_has_not_started(batches):
    waiting = iter(tf_dataset(batches))
    batches.epoch = 2
    assert_same(waiting, batches)


def test_a_sequence_follows_the_epoch_and_any_order_of_reading(batches):
    sequence = BatchSequence(batches)
    assert len(sequence) == len(batches)
    assert_same([sequence[i] for i in (3, 0, 1)] * 2, [batches[i] for i in (3, 0, 1)] * 2)
    batches.epoch = 1  # what was built ahead for epoch 0 is of no use now
    assert_same([sequence[i] for i in (2, 3, 4, 0)], [batches[i] for i in (2, 3, 4, 0)])


def test_a_dataset_knows_its_length_and_its_fixed_dimensions(batches):
    dataset = tf_dataset(batches)
    assert int(dataset.cardinality()) == len(batches)
    x, y, w = dataset.element_spec
    shapes = {name: tuple(spec.shape) for name, spec in x.items()}
    assert shapes == {
        "history.item": (None, None),
        "history.time": (None, None),
        "history.window": (None, None),
        "event.kind.value": (None, None),
        "event.seconds.number": (None, None),
        "candidate": (None, None),
        "item.row": (None,),
        "item.log_q": (None,),
        "item.log_encoded": (None,),
        "item.encoded": (None,),
        "item.item_id.id": (None,),
        "item.title.tokens": (None, 3),
        "item.price.number": (None,),
        "user.gender.value": (None,),
        "user.age.number": (None,),
    } | ({} if batches.schema.ordered else {"user.user_id.id": (None,)})
    assert {tuple(spec.shape) for spec in (*y.values(), *w.values())} == {(None, None)}
    assert set(y) == set(w) == {task.name for task in batches.schema.tasks}


def test_a_sequence_ends(batches):
    sequence = BatchSequence(batches)
    assert_same([sequence[-1]] * 4, [batches[len(batches) - 1]] * 4)
    with pytest.raises(IndexError):
        sequence[len(batches)]


def test_a_mistake_in_a_batch_is_not_swallowed(batches):
    sequence = BatchSequence(batches)
    del batches.data.events.labels["event"]
    with pytest.raises(KeyError, match="event"):
        sequence[0]


def test_feed_takes_tensorflow_where_it_is(batches, monkeypatch):
    assert_same(feed(batches), batches)
    assert not isinstance(feed(batches), BatchSequence)
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # importing it now fails
    assert isinstance(feed(batches), BatchSequence)


@pytest.mark.parametrize("make", [tf_dataset, BatchSequence])
def test_a_feed_tells_how_long_each_batch_was_waited_for(batches, monkeypatch, make):
    """Building takes 30 ms: the first is waited for as long, and no wait is time of the reader's own."""
    build, waited, mine = Batches.__getitem__, [], []

    def slowly(self, index):
        time.sleep(0.03)
        return build(self, index)

    expected = list(batches)
    began, read = time.perf_counter(), []
    with monkeypatch.context() as patch:
        patch.setattr(Batches, "__getitem__", slowly)
        for batch in make(batches, waited=waited.append):
            came = time.perf_counter()
            read.append(batch)
            time.sleep(0.01)  # a step
            mine.append(time.perf_counter() - came)
            if len(read) == len(batches):
                break
    elapsed = time.perf_counter() - began
    assert_same(read, expected)
    assert len(waited) == len(read) and min(waited) >= 0
    assert 0.03 <= waited[0] <= sum(waited) <= elapsed - sum(mine)


def test_a_timed_dataset_is_the_same_dataset(batches):
    dataset, timed = tf_dataset(batches, 2), tf_dataset(batches, 2, lambda seconds: None)
    assert timed.element_spec == dataset.element_spec
    assert int(timed.cardinality()) == len(batches) - 2
    assert timed.options().experimental_optimization.inject_prefetch is False, "it would ask ahead"
    assert_same(timed, list(batches)[2:])


class Epoch(keras.callbacks.Callback):
    """Sets the epoch and counts steps, as a training loop does."""

    def __init__(self, batches):
        super().__init__()
        self.batches, self.steps = batches, []

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.epoch = epoch
        self.steps.append(0)

    def on_train_batch_end(self, batch, logs=None):
        self.steps[-1] += 1


class Reader(keras.Model):
    """Keeps the labels it is given."""

    def build(self, _):
        self.scale = self.add_weight(shape=(), name="scale")
        self.seen = []

    def call(self, x):
        return self.scale * keras.ops.cast(x["candidate"], "float32")

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.seen.append(np.asarray(y["event"]))
        return keras.ops.mean(y_pred)


def made_feeds():
    return [tf_dataset] if keras.backend.backend() == "tensorflow" else [tf_dataset, BatchSequence]


@pytest.mark.backend
@pytest.mark.parametrize("make", made_feeds())
def test_fit_reads_every_batch_of_every_epoch(batches, make):
    model, epochs = Reader(), Epoch(batches)
    model.compile("sgd", run_eagerly=True)
    model.build(None)
    model.fit(make(batches), epochs=4, shuffle=False, verbose=0, callbacks=[epochs])
    assert epochs.steps == [len(batches)] * 4
    expected = []
    for epoch in range(4):
        batches.epoch = epoch
        expected += [y["event"] for _, y, _ in batches]
    for labels, same in zip(model.seen, expected, strict=True):
        np.testing.assert_array_equal(labels, same)
