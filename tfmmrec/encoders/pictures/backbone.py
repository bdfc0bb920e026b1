"""Networks that were trained on other pictures."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders.fine_tuning import check_training, has_batch_statistics, start_from, train_as, where_of
from tfmmrec.encoders.pictures.picture_encoder import PictureEncoder
from tfmmrec.encoders.presets import made, weights_of
from tfmmrec.members import suggestion


@keras.saving.register_keras_serializable("tfmmrec.pictures")
class Backbone(PictureEncoder):
    """A network of ``keras.applications`` or of a keras-hub preset, and a linear map to the width.

    A token stands for a place of its last feature map, or is one of its own tokens; `patch` and `layers` are
    the network's own. Pixels are brought to the scale it was trained with, whatever the feature's
    `normalise` says. Batch normalisation stands still in training, too: the rows of a batch do not see each
    other.

    Args:
        model: its name in ``keras.applications``: ``"MobileNet"``, ``"ResNet50V2"``, ``"VGG16"``,
            ``"InceptionV3"``, ``"EfficientNetV2B0"``, ``"ConvNeXtTiny"`` …
        weights: what they start from: ``"imagenet"``, which is downloaded; a ``.weights.h5`` file of the data
            folder; or ``""``, at random.
        train: ``"frozen"``, ``"fine_tune"`` (all weights) or ``"lora"`` (additions of low rank to its dense
            and convolutional kernels, Hu 2021).
        rank: of these additions.
        arguments: further ones of the network, such as ``{"alpha": 0.5}`` of MobileNet.
        preset: in place of `model` and `weights`, of keras-hub: a folder below the data folder, as its
            ``save_to_preset`` writes it, or a name that it downloads, of ViT, CLIP, SigLIP, ResNet …:
            ``"vit_base_patch16_224_imagenet"``. Height and width are those it was made for.
        network: what preparation learnt of the preset; see `tfmmrec.encoders.presets`.

    Raises:
        ValueError: there is no such network or way of training, preparation did not open the preset, or the
            pictures are not of the size it reads.
    """

    own_scale: ClassVar[bool] = True

    def __init__(
        self,
        width: int,
        size: Sequence[int],
        patch: int = 1,
        layers: int = 1,
        model: str = "MobileNet",
        weights: str = "",
        train: str = "frozen",
        rank: int = 4,
        arguments: dict[str, Any] | None = None,
        preset: str = "",
        network: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, size, patch, layers, **kwargs)
        check_training(train)
        if preset and network is None:
            raise ValueError(
                f"Backbone: the preset {preset!r} was not opened in preparation; build the model from the "
                "vocabulary of data that were loaded with this schema."
            )
        self.model, self.weights_from, self.train = model, weights, train
        self.rank, self.arguments = rank, dict(arguments or {})
        self.preset, self.described = preset, network
        self.network = made(network) if network else self._made(None)
        self._check_size()
        train_as(self.network, train, rank)
        self._still = not network or train == "frozen" or has_batch_statistics(self.network)
        _, *grid, self._channels = self.network.compute_output_shape((1, *self.size, 3))
        self._count = 1
        for side in grid:
            self._count *= side
        self.projection = keras.layers.Dense(width, name="projection")

    @property
    def count(self) -> int:
        return self._count

    def build(self, *_: Any) -> None:
        self.projection.build((None, self.count, self._channels))

    def encode(self, pixels: Any, training: bool | None) -> Any:
        x = self.network(self._scale(pixels), training=False if self._still else training)
        x = ops.cast(x, self.compute_dtype)
        return self.projection(ops.reshape(x, (-1, self.count, self._channels)))

    def load(self, start: Any) -> None:
        """Starts from ``"imagenet"``, a file of the data folder, or the preset; see `where_of`.

        Raises:
            ValueError: they cannot be downloaded, or the file holds those of another network.
        """
        if self.described:
            start_from(self.network, weights_of(self.preset, where_of(start), self.described))
            return
        name = start if isinstance(start, str) else start["file"]
        file = None if start == "imagenet" else where_of(start)
        try:
            taken = self._made(name if file is None else None)
            if file is not None:
                taken.load_weights(file)
        except Exception as error:  # of the download Keras raises a bare Exception
            mend = (
                "name a .weights.h5 file of the data folder" if start == "imagenet" else "is it of this one?"
            )
            raise ValueError(
                f"The weights {name!r} of {self.model} cannot be had ({error}); {mend}."
            ) from error
        start_from(self.network, taken)

    def _made(self, weights: str | None) -> keras.Model:
        maker: Callable[..., Any] | None = getattr(keras.applications, self.model, None)
        if not callable(maker):
            known = [name for name, member in vars(keras.applications).items() if callable(member)]
            raise ValueError(
                f"keras.applications has no network {self.model!r}.{suggestion(self.model, known)}"
            )
        given = {"include_top": False, "weights": weights, "input_shape": (*self.size, 3)}
        return maker(**given, **self.arguments)

    def _check_size(self) -> None:
        made_for = tuple(self.network.input.shape[1:3])
        if any(side not in (None, given) for side, given in zip(made_for, self.size, strict=True)):
            raise ValueError(
                f"The preset {self.preset!r} reads pictures of {made_for[0]}×{made_for[1]} pixels; set "
                f"height and width to these, got {self.size[0]}×{self.size[1]}."
            )

    def _scale(self, pixels: Any) -> Any:
        if not self.described:
            maker = getattr(keras.applications, self.model)
            return sys.modules[maker.__module__].preprocess_input(pixels)
        scale, offset = (ops.cast(self.described[name], pixels.dtype) for name in ("scale", "offset"))
        return pixels * scale + offset

    def get_config(self) -> dict[str, Any]:
        names = ("model", "train", "rank", "arguments", "preset")
        mine = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **mine, "weights": self.weights_from, "network": self.described}
