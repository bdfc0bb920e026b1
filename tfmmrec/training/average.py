"""The moving average of the weights, which an optimizer may keep (Polyak and Juditsky, 1992)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from keras import ops


@contextmanager
def averaged(model: keras.Model) -> Iterator[None]:
    """Inside, the model has the averages for weights, where its optimizer keeps them (``use_ema``)."""
    # of a model of mixed_float16 Keras has wrapped it, and the wrapper says that it keeps none
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not optimizer.use_ema:
        yield
        return
    if getattr(model, "_jax_state_synced", True) is False:
        model.jax_state_sync()
    own = [ops.convert_to_numpy(variable) for variable in model.trainable_variables]
    # overwrites the weights, as Keras does when training ends
    optimizer.finalize_variable_values(model.trainable_variables)
    try:
        yield
    finally:
        for variable, array in zip(model.trainable_variables, own, strict=True):
            variable.assign(array)
