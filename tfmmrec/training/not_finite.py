"""Where a number that is none comes from: the first input, weight or layer's output that is not finite."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


def first_not_finite(model: Any, x: dict[str, Any]) -> str:
    """A sentence's part that names the place.

    Args:
        model: a `Recommender`; its towers are looked into as well.
        x: the inputs of a batch. NaN in them means missing, an infinite number does not.
    """
    for name, array in x.items():
        if np.asarray(array).dtype.kind == "f" and np.isinf(np.asarray(array, "float32")).any():
            return f"the input {name!r} holds an infinite number"
    for weight in model.weights:
        if not np.isfinite(keras.ops.convert_to_numpy(weight)).all():
            return f"the weight {weight.path!r} is not finite"
    of_items = {name.removeprefix("item."): array for name, array in x.items() if name.startswith("item.")}
    items = {name: array for name, array in of_items.items() if name in model.item_tower.input}
    layers = [one for one in model.item_tower.layers if not isinstance(one, keras.layers.InputLayer)]
    looked_into = keras.Model(model.item_tower.input, [layer.output for layer in layers])
    for layer, output in zip(layers, looked_into.predict_on_batch(items), strict=True):
        if not _finite(output):
            return f"the output of layer {layer.name!r} of 'item_tower' is not finite"
    for name, output in model.predict_on_batch(x).items():
        if not _finite(output):
            return f"the model's output {name!r} is not finite, those of 'item_tower' are"
    return "with the weights before, every output is finite, so it is the step that went too far"


def _finite(output: Any) -> bool:
    return all(np.isfinite(np.asarray(array, "float32")).all() for array in keras.tree.flatten(output))
