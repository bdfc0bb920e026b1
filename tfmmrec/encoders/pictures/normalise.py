"""The scale of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from tfmmrec.members import suggestion

SCALES = ("range", "imagenet", "picture")
_MEAN = np.asarray([0.485, 0.456, 0.406], "float32") * 255  # of red, green and blue over ImageNet
_DEVIATION = np.asarray([0.229, 0.224, 0.225], "float32") * 255
_LEAST = 4.0  # deviation of a picture's pixels: one of a single colour is not blown up to noise


def normalised(pixels: Any, scale: str) -> Any:
    """Pixels ``[N, H, W, 3]`` from 0 to 255, brought to one of `SCALES`; see `tfmmrec.modalities.Image`."""
    if scale == "imagenet":
        return (pixels - ops.cast(_MEAN, pixels.dtype)) / ops.cast(_DEVIATION, pixels.dtype)
    if scale == "picture":
        wide = ops.cast(pixels, "float32")
        centred = wide - ops.mean(wide, axis=(1, 2, 3), keepdims=True)
        deviation = ops.sqrt(ops.mean(ops.square(centred), axis=(1, 2, 3), keepdims=True))
        return ops.cast(centred / ops.maximum(deviation, _LEAST), pixels.dtype)
    return pixels / 127.5 - 1.0


def check_normalise(feature: str, scale: str) -> None:
    """Checks the name of a scale.

    Raises:
        ValueError: there is none of this name; the message lists what there is.
    """
    if scale not in SCALES:
        raise ValueError(f"{feature}: there is no way to normalise {scale!r}.{suggestion(scale, SCALES)}")
