"""Networks that were trained on other texts or sounds."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from tfmmrec.encoders.fine_tuning import check_training, has_batch_statistics, start_from, train_as, where_of
from tfmmrec.encoders.presets import made, weights_of
from tfmmrec.encoders.sequences.sequence_encoder import SequenceEncoder


@keras.saving.register_keras_serializable("tfmmrec.sequences")
class Backbone(SequenceEncoder):
    """The encoder of a preset of keras-hub, and a linear map to the width; it reads content, not vectors.

    Of texts those of BERT, RoBERTa, T5, Gemma, CLIP, SigLIP …, of sounds that of Whisper. A text is cut into
    the preset's own pieces, a sound turned into its own frames; `layers` are the network's own.

    Call: of texts ``(numbers int [B, T], mask bool [B, T])``, numbers being one more than the preset's; of
    sounds ``(frames float [B, S, bands], mask bool [B, S])``, where a token stands for two frames.

    Args:
        preset: a folder below the data folder, as ``save_to_preset`` of keras-hub writes it, or a name that
            keras-hub downloads: ``"bert_tiny_en_uncased"``, ``"roberta_base_en"``, ``"whisper_tiny_en"`` …
        train: ``"frozen"``, ``"fine_tune"`` (all weights) or ``"lora"`` (additions of low rank to its dense
            kernels, Hu 2021).
        rank: of these additions.
        network: what preparation learnt of the preset; see `tfmmrec.encoders.presets`.

    Raises:
        ValueError: there is no such way of training, preparation did not open the preset, or it does not read
            texts of this length.
    """

    reads: ClassVar[str] = "content"

    def __init__(
        self,
        width: int,
        length: int,
        layers: int = 1,
        preset: str = "",
        train: str = "frozen",
        rank: int = 4,
        network: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(width, length, layers, **kwargs)
        check_training(train)
        if network is None:
            raise ValueError(
                f"Backbone: the preset {preset!r} was not opened in preparation; build the model from the "
                "vocabulary of data that were loaded with this schema."
            )
        self.preset, self.train, self.rank, self.described = preset, train, rank, network
        longest = network.get("longest", length)
        if length > longest:
            raise ValueError(
                f"The preset {preset!r} reads {longest} pieces of a text at most; set length to these or "
                f"fewer, got {length}."
            )
        self._lacking = longest - length if network.get("filled") else 0
        self.network = made(network)
        train_as(self.network, train, rank)
        self._still = train == "frozen" or has_batch_statistics(self.network)
        self.projection = keras.layers.Dense(width, name="projection")

    @property
    def of_sound(self) -> bool:
        """Whether it reads frames of sound."""
        return self.described["kind"] == "sound"

    @property
    def count(self) -> int:
        return self.length // 2 if self.of_sound else self.length

    def build(self, *_: Any) -> None:
        self.projection.build((None, self.count, self.network.output.shape[-1]))

    def call(self, x: Any, mask: Any, training: bool | None = None) -> tuple[Any, Any]:
        return self.encode(x, mask, training)

    def encode(self, x: Any, mask: Any, training: bool | None) -> tuple[Any, Any]:
        inputs = self._heard(x, mask) if self.of_sound else self._read(x, mask)
        x = self.network(inputs, training=False if self._still else training)
        if self.of_sound:
            mask = mask[:, ::2][:, : self.count]
        elif self._lacking:
            x = x[:, : self.count]
        x = self.projection(ops.cast(x, self.compute_dtype))
        # a row without content is no row that the network was made for
        return ops.where(ops.expand_dims(mask, -1), x, ops.zeros_like(x)), mask

    def load(self, start: dict[str, Any]) -> None:
        """Starts from the preset's weights.

        Raises:
            ValueError: they cannot be had.
        """
        start_from(self.network, weights_of(self.preset, where_of(start), self.described))

    def _read(self, numbers: Any, mask: Any) -> dict[str, Any]:
        mask = ops.cast(mask, "int32")
        numbers = ops.where(mask > 0, ops.cast(numbers, "int32") - 1, self.described.get("padding", 0))
        if self._lacking:  # it knows texts of one length alone, and reads what fills them up
            behind = [[0, 0], [0, self._lacking]]
            numbers = ops.pad(numbers, behind, constant_values=self.described.get("padding", 0))
            mask = ops.pad(mask, behind)
        known = {"token_ids": numbers, "padding_mask": mask, "segment_ids": ops.zeros_like(numbers)}
        return {name: known[name.removeprefix("encoder_")] for name in self.network.input}

    def _heard(self, frames: Any, mask: Any) -> dict[str, Any]:
        """Frames that are not heard are silence: as low as the lowest value of those that are."""
        known = ops.expand_dims(mask, -1)
        high = ops.cast(1e4, frames.dtype)
        lowest = ops.min(ops.where(known, frames, high), axis=(1, 2), keepdims=True)
        lowest = ops.where(lowest < high, lowest, ops.zeros_like(lowest))
        return {"encoder_features": ops.where(known, frames, lowest)}

    def get_config(self) -> dict[str, Any]:
        mine = {"preset": self.preset, "train": self.train, "rank": self.rank, "network": self.described}
        return {**super().get_config(), **mine}
