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
    for part, inputs in ((model.item_tower, items), (model, x)):
        layers = [layer for layer in part.layers if not isinstance(layer, keras.layers.InputLayer)]
        outputs = keras.Model(part.input, [layer.output for layer in layers]).predict_on_batch(inputs)
        for layer, output in zip(layers, outputs, strict=True):
            if not all(np.isfinite(np.asarray(a, "float32")).all() for a in keras.tree.flatten(output)):
                return f"the output of layer {layer.name!r} of {part.name!r} is not finite"
    return "with the weights before, every layer's output is finite, so it is the step that went too far"
