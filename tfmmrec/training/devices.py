"""Among how many devices a batch is shared, as `keras.distribution` says it."""

from __future__ import annotations

import keras


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
            "several devices set KERAS_BACKEND=jax and call "
            "keras.distribution.set_distribution(keras.distribution.DataParallel()) before the model is made."
        )
    spread = keras.distribution.distribution()
    if spread is None:
        return 1
    mesh = spread.device_mesh
    return mesh.shape[mesh.axis_names.index(spread.batch_dim_name)]
