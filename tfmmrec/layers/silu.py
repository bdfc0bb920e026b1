"""The activation of the project's feed-forward layers."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("tfmmrec")
def silu(x: Any) -> Any:
    """``x · sigmoid(x)`` (Elfwing 2017), of any shape; Keras's own is the same to the last bits.

    TensorFlow registers the gradient of its own ``silu`` anew in each graph that uses it, and keeps each
    graph until the process ends: 20 MB after every training and export of a small model, 40 after it was
    loaded. Of a product nothing is kept.
    """
    return x * ops.sigmoid(x)
