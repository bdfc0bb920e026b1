"""How batches reach ``fit``: as a tf.data dataset, or as a PyDataset where there is no TensorFlow."""

from __future__ import annotations

import copy
import time
import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import keras
import numpy as np

from tfmmrec.data.batches import Batch, Batches

_AHEAD = 2  # batches built while the model is busy with another

Waited = Callable[[float], None]
"""Called with the seconds that a batch was waited for, from when it was asked for until it was there."""


def feed(batches: Batches, first: int = 0, waited: Waited | None = None) -> Any:
    """What to hand to ``fit`` as x: a tf.data dataset, or without TensorFlow a `BatchSequence`.

    With `first` it begins at that batch of each epoch: the rest of an epoch that was interrupted. Set
    ``batches.epoch`` before each epoch (in a callback's ``on_epoch_begin``) and pass ``shuffle=False``: the
    batches are shuffled already. `waited` hears how long each batch was waited for.
    """
    try:
        return tf_dataset(batches, first, waited)
    except ImportError:
        return BatchSequence(batches, first, waited)


def tf_dataset(batches: Batches, first: int = 0, waited: Waited | None = None) -> Any:
    """The batches as a ``tf.data.Dataset`` of ``(x, y, w)``, built ahead in background threads.

    Each iteration yields the batches of the epoch that ``batches.epoch`` says when it starts. The numbers of
    users, places, candidates and items are None in the dataset's shapes.

    Raises:
        ImportError: TensorFlow is not installed.
    """
    import tensorflow as tf

    @lru_cache(maxsize=2)
    def of_epoch(epoch: int) -> Batches:
        kept = copy.copy(batches)
        kept.epoch = epoch
        return kept

    held: list[Any] = []

    def current_epoch(_: Any) -> Any:
        return tf.numpy_function(_weak(lambda: np.int64(batches.epoch), held), [], tf.int64)

    def indices(epoch: Any) -> Any:
        return tf.data.Dataset.range(first, len(batches)).map(lambda index: (epoch, index))

    def spec(name: str, array: np.ndarray) -> Any:
        open_dims = 1 if name.startswith(("item.", "user.")) else 2
        return tf.TensorSpec((None,) * open_dims + array.shape[open_dims:], array.dtype)

    structure = tuple({name: spec(name, array) for name, array in part.items()} for part in batches[0])
    specs = tf.nest.flatten(structure)

    def arrays(epoch: np.int64, index: np.int64) -> list[np.ndarray]:
        return tf.nest.flatten(of_epoch(int(epoch))[int(index)])

    def build(epoch: Any, index: Any) -> Any:
        types = [s.dtype for s in specs]
        tensors = tf.numpy_function(_weak(arrays, held), [epoch, index], types, stateful=False)
        shaped = [tf.ensure_shape(t, s.shape) for t, s in zip(tensors, specs, strict=True)]
        return tf.nest.pack_sequence_as(structure, shaped)

    dataset = tf.data.Dataset.range(1).map(current_epoch).flat_map(indices)
    dataset = dataset.map(build, num_parallel_calls=_AHEAD, deterministic=True)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(batches) - first)).prefetch(_AHEAD)
    dataset.held = held
    return dataset if waited is None else _timed(dataset, waited)


def _weak(function: Callable[..., Any], held: list[Any]) -> Callable[..., Any]:
    """The function, which lives as long as `held` does.

    TensorFlow keeps what a graph calls until the process ends. Through these functions it would keep the
    batches of every training, and its model: `held` is an attribute of the dataset, and goes with it.
    """
    held.append(function)
    weak = weakref.proxy(function)
    return lambda *arguments: weak(*arguments)


def _timed(dataset: Any, waited: Waited) -> Any:
    """The same dataset. Its last stage runs when a batch is asked for, in the thread that waits for it.

    Keras asks within the graph of the step, where no Python stands by with a clock.
    """
    import tensorflow as tf

    def asked(_: Any) -> Any:
        return tf.numpy_function(lambda: np.float64(time.perf_counter()), [], tf.float64)

    held: list[Any] = []

    def came(asked: Any, batch: Any) -> Any:
        tf.numpy_function(_weak(lambda asked: waited(time.perf_counter() - asked), held), [asked], [])
        return batch

    clock = tf.data.Dataset.range(dataset.cardinality()).map(asked)
    alone = tf.data.Options()
    alone.experimental_optimization.inject_prefetch = False  # which would ask ahead of the training
    timed = tf.data.Dataset.zip(clock, dataset).map(came).with_options(alone)
    timed.held = held
    return timed


class BatchSequence(keras.utils.PyDataset):
    """The batches as a ``keras.utils.PyDataset``, read in their order and built ahead in a thread.

    It is for backends other than TensorFlow's, which would take the shapes of the first batches for those of
    all: there, use `tf_dataset`.

    Args:
        batches: the batches; ``batches.epoch`` says which epoch's are read.
        first: the batch of each epoch that is its first.
        waited: hears how long each batch was waited for.
    """

    def __init__(self, batches: Batches, first: int = 0, waited: Waited | None = None) -> None:
        super().__init__()  # Keras' own workers would carry batches over from one epoch into the next
        self.batches, self.first, self.waited = batches, first, waited
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="batches")
        self._ahead: dict[tuple[int, int], Future[Batch]] = {}

    def __len__(self) -> int:
        return len(self.batches) - self.first

    def __getitem__(self, index: int) -> Batch:
        """The batch of this index in the current epoch, which is built already when they are read in order.

        Raises:
            IndexError: there is no such batch.
        """
        index, asked = range(len(self))[index], time.perf_counter()
        kept = copy.copy(self.batches)
        wanted = [(kept.epoch, i) for i in range(len(self))[index : index + 1 + _AHEAD]]
        self._ahead = {
            key: self._ahead.get(key) or self._thread.submit(kept.__getitem__, self.first + key[1])
            for key in wanted
        }
        batch = self._ahead[wanted[0]].result()
        if self.waited is not None:
            self.waited(time.perf_counter() - asked)
        return batch
