"""Batches that several devices share, as `keras.distribution` spreads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras


@contextmanager
def all_devices() -> Iterator[int]:
    """Models that are made and trained within share every batch among all GPUs, or all cores of a TPU.

    Yields:
        how many there are.

    Raises:
        ValueError: Keras runs on another backend than jax, and does not spread a step over devices there.
    """
    backend = keras.backend.backend()
    if backend != "jax":
        raise ValueError(
            f"Several devices share a batch under KERAS_BACKEND=jax, and Keras runs on {backend}. Set it and "
            "train again, or leave --all-devices; the run is evaluated and exported as any other."
        )
    before = keras.distribution.distribution()
    spread = keras.distribution.DataParallel()
    keras.distribution.set_distribution(spread)
    try:
        yield spread.device_mesh.devices.size
    finally:
        keras.distribution.set_distribution(before)


def batch_shares(model: keras.Model) -> int:
    """Into how many equal parts each batch of a training goes; 1 on one device.

    Under ``keras.distribution.DataParallel`` and ``ModelParallel``, which Keras has on jax, a step is one
    computation whose arrays lie on several devices: what is compared within a batch is compared across all.

    Raises:
        ValueError: the model was made in a scope of ``tf.distribute`` with several replicas. It cuts a batch
            into pieces that do not know of each other, and the places of items in a batch would be those of
            other items.
    """
    replicas = getattr(getattr(model, "distribute_strategy", None), "num_replicas_in_sync", 1)
    if replicas > 1:
        raise ValueError(
            f"The model was made in a tf.distribute scope of {replicas} replicas, each of which would see a "
            "piece of a batch; but its histories and candidates name items by their place in the whole. For "
            "several devices set KERAS_BACKEND=jax, and make and train it within "
            "tfmmrec.training.all_devices()."
        )
    spread = keras.distribution.distribution()
    if spread is None:
        return 1
    mesh = spread.device_mesh
    return mesh.shape[mesh.axis_names.index(spread.batch_dim_name)]
