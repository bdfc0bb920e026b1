"""What support vectors make of sounds: scikit-learn's SVC of the cepstrum at some moments of a clip."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.fft import dct
from scipy.special import softmax
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.quality.item_classes import ItemClasses
from tfmmrec.data.dataset import Data
from tfmmrec.modalities import Audio

_COEFFICIENTS = 13  # as is usual (Davis and Mermelstein, 1980)


class Sounds(ItemClasses):
    """Predicts every class of an item from the log-mel spectrogram that the model reads.

    Args:
        data: of a schema whose items have one sound, as a log-mel spectrogram, and whose tasks have classes.
        strength: the inverse of the regularisation, scikit-learn's ``C``.
        moments: of what is heard, at even distances; of each the cepstrum and how it changes.
    """

    def __init__(self, data: Data, strength: float = 1.0, moments: int = 8) -> None:
        (sound,) = (one.name for one in data.schema.features("item") if isinstance(one, Audio))
        frames, heard = (np.asarray(data.items[sound][part]) for part in ("frames", "heard"))
        items = np.stack([_told(*clip, moments) for clip in zip(frames, heard, strict=True)])
        super().__init__(data, items, lambda: make_pipeline(StandardScaler(), SVC(C=strength)))

    def chances(self, model: Any, items: Any) -> np.ndarray:
        """The softmax of how far it is on the side of each class: no chances, but of their order."""
        sides = model.decision_function(items)
        if sides.ndim == 1:  # of two classes it is the second's
            sides = np.stack([-sides / 2, sides / 2], axis=1)
        return softmax(sides, axis=1)


def _told(frames: np.ndarray, heard: int, moments: int) -> np.ndarray:
    """``[moments * 2 * coefficients]`` of one clip ``[S, M]``; of silence all are 0."""
    if heard == 0:
        return np.zeros(moments * 2 * _COEFFICIENTS)
    cepstrum = dct(frames[:heard].astype("float64"), axis=1, norm="ortho")[:, :_COEFFICIENTS]
    change = np.gradient(cepstrum, axis=0) if heard > 1 else np.zeros_like(cepstrum)
    place = np.linspace(0, heard - 1, moments)
    both = np.concatenate([cepstrum, change], axis=1)
    return np.stack([np.interp(place, np.arange(heard), one) for one in both.T], axis=1).ravel()
