"""Random changes of pictures and sounds in training, after which they still show what they showed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from tfmmrec.layers.augment_words import TEXT
from tfmmrec.members import suggestion


class _AlongAxis(keras.layers.Layer):
    """Abstract. A change of spectrograms ``[B, S, M]`` along one axis, by a share of it at most."""

    def __init__(self, axis: int, share: float = 0.2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.share = axis, share
        self.seed_generator = keras.random.SeedGenerator()

    def compute_output_shape(self, shape: Any) -> Any:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "share": self.share}


@keras.saving.register_keras_serializable("tfmmrec")
class MaskBand(_AlongAxis):
    """Silences a random band of every spectrogram ``[B, S, M]`` (SpecAugment, Park 2019).

    Args:
        axis: 1, so many frames one after the other, or 2, so many neighbouring mel bands.
        share: of the axis that is silenced at most; how much is drawn for every row, uniformly.
    """

    def call(self, x: Any) -> Any:
        size = x.shape[self.axis]
        drawn = keras.random.uniform((2, ops.shape(x)[0], 1), seed=self.seed_generator)
        width = ops.floor(drawn[0] * (int(self.share * size) + 1))
        first = ops.floor(drawn[1] * (size - width + 1))
        place = ops.cast(ops.arange(size), "float32")
        hidden = ops.logical_and(place >= first, place < first + width)
        return ops.where(ops.expand_dims(hidden, 3 - self.axis), ops.zeros_like(x), x)


@keras.saving.register_keras_serializable("tfmmrec")
class Slide(_AlongAxis):
    """Moves every spectrogram ``[B, S, M]`` by a random whole number of places; zeros come in behind it.

    Args:
        axis: 1, earlier or later, or 2, lower or higher: another voice, roughly.
        share: of the axis that it is moved at most, to either side; how far is drawn for every row.
    """

    def call(self, x: Any) -> Any:
        size = x.shape[self.axis]
        most = int(self.share * size)
        drawn = keras.random.uniform((ops.shape(x)[0], 1), seed=self.seed_generator)
        moved = ops.cast(ops.floor(drawn * (2 * most + 1)), "int32") - most
        source = ops.arange(size) - moved
        inside = ops.expand_dims(ops.logical_and(source >= 0, source < size), 3 - self.axis)
        rows = ops.expand_dims(ops.clip(source, 0, size - 1), 3 - self.axis)
        return ops.where(inside, ops.take_along_axis(x, rows, axis=self.axis), ops.zeros_like(x))


@keras.saving.register_keras_serializable("tfmmrec")
class Stretch(_AlongAxis):
    """Stretches every spectrogram ``[B, S, M]`` from its first place on, or presses it together, at random.

    Args:
        axis: 1, slower or faster speech, or 2, a shorter or longer vocal tract (VTLP, Jaitly and Hinton
            2013; on the mel scale, where theirs warps hertz).
        share: by which it is stretched or pressed at most; how much is drawn for every row, uniformly.
            Between two places it is read in proportion; beyond the last there are zeros.
    """

    def call(self, x: Any) -> Any:
        last = x.shape[self.axis] - 1
        drawn = keras.random.uniform((ops.shape(x)[0], 1), -1, 1, seed=self.seed_generator)
        source = ops.cast(ops.arange(last + 1), "float32") / (1 + self.share * drawn)
        below = ops.floor(source)
        of_next = ops.cast(source - below, x.dtype)

        def read(place: Any) -> Any:
            rows = ops.cast(ops.clip(place, 0, last), "int32")
            return ops.take_along_axis(x, ops.expand_dims(rows, 3 - self.axis), axis=self.axis)

        of_next, inside = (ops.expand_dims(one, 3 - self.axis) for one in (of_next, source <= last))
        return ops.where(inside, read(below) * (1 - of_next) + read(below + 1) * of_next, ops.zeros_like(x))


@keras.saving.register_keras_serializable("tfmmrec")
class CropAndResize(keras.layers.Layer):
    """Cuts a random part out of every picture ``[B, H, W, C]``, at least so much of it, and enlarges it.

    Args:
        share: of the picture's area that is kept at least; how much is drawn for every row, and where.
    """

    def __init__(self, share: float = 0.5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.share = share
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, x: Any) -> Any:
        drawn = keras.random.uniform((3, ops.shape(x)[0]), seed=self.seed_generator)
        side = ops.sqrt(self.share + (1 - self.share) * drawn[0])  # as a share of the picture's
        left, top = (drawn[i] * (1 - side) * (x.shape[3 - i] - 1) for i in (1, 2))
        nothing = ops.zeros_like(side)
        # where in the picture each pixel of the result is read
        source = ops.stack([side, nothing, left, nothing, side, top, nothing, nothing], axis=1)
        cut = ops.image.affine_transform(ops.cast(x, "float32"), source, fill_mode="nearest")
        return ops.cast(cut, x.dtype)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "share": self.share}


PICTURE: dict[str, Callable[[], keras.layers.Layer]] = {
    "flip": lambda: keras.layers.RandomFlip("horizontal"),
    "shift": lambda: keras.layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
    "zoom": lambda: keras.layers.RandomZoom(0.15, fill_mode="nearest"),
    "crop": lambda: CropAndResize(),
    "rotate": lambda: keras.layers.RandomRotation(0.05, fill_mode="nearest"),
    "brightness": lambda: keras.layers.RandomBrightness(0.2),
    "contrast": lambda: keras.layers.RandomContrast(0.2),
    # two changes at random of all that Keras knows, of middling strength (RandAugment, Cubuk 2020)
    "rand_augment": lambda: keras.layers.RandAugment((0, 255), num_ops=2, factor=0.5),
}
"""What can be done to pixels ``[B, H, W, 3]`` from 0 to 255."""

SOUND: dict[str, Callable[[], keras.layers.Layer]] = {
    "mask_time": lambda: MaskBand(axis=1),
    "mask_mel": lambda: MaskBand(axis=2),
    "shift_time": lambda: Slide(axis=1, share=0.1),
    "shift_mel": lambda: Slide(axis=2, share=0.1),
    "stretch_time": lambda: Stretch(axis=1),
    "stretch_mel": lambda: Stretch(axis=2),
}
"""What can be done to a log-mel spectrogram ``[B, S, M]`` of mean 0."""


@keras.saving.register_keras_serializable("tfmmrec")
class Augment(keras.layers.Layer):
    """Changes its input at random in training, in the order of the names; else it hands it on.

    Args:
        kind: ``"picture"`` or ``"sound"``.
        names: of `PICTURE` or `SOUND`.
    """

    def __init__(self, kind: str, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind, self.names = kind, list(names)
        self.changes = [_KINDS[kind][name]() for name in names]

    def build(self, shape: Any) -> None:
        for change in self.changes:
            change.build(shape)

    def call(self, x: Any, training: bool | None = None) -> Any:
        if not training or not self.changes:
            return x
        x = ops.cast(x, self.compute_dtype)
        for change in self.changes:
            x = change(x) if isinstance(change, _OURS) else change(x, training=True)
        return x

    def compute_output_shape(self, shape: Any) -> Any:
        return shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind, "names": self.names}


_OURS = _AlongAxis | CropAndResize
_KINDS = {"picture": PICTURE, "sound": SOUND}


def check_augment(feature: str, kind: str, names: Sequence[str]) -> None:
    """Checks the names of a feature's augmentations; `kind` may be ``"text"``, too.

    Raises:
        ValueError: one is unknown; the message lists what there is.
    """
    known = {**_KINDS, "text": TEXT}[kind]
    if isinstance(names, str):
        raise ValueError(f"{feature}: augment is a list such as {list(known)[:2]}, got {names!r}.")
    for name in names:
        if name not in known:
            raise ValueError(
                f"{feature}: there is no augmentation {name!r} of a {kind}.{suggestion(name, known)}"
            )
