"""Products of features with their own mixtures, one degree more in each layer."""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("tfmmrec")
class Cross(keras.layers.Layer):
    """``x₀ ⊙ (W x + b) + x``, a cross layer (DCN-v2, Wang 2021): ``([..., F], [..., F]) → [..., F]``.

    x₀ are the features, x what the layer before made of them, at first x₀ again: after l layers there are all
    products of up to l + 1 features. (`keras_rs.layers.FeatureCross` computes the same, and would have to be
    there wherever a model is loaded.)

    Args:
        rank: of W, as a product of two thin matrices; None: a whole one.

    Raises:
        ValueError: a rank below 1.
    """

    def __init__(self, rank: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if rank is not None and rank < 1:
            raise ValueError(f"rank must be 1 or more, or None for a whole matrix, got {rank}.")
        self.rank = rank

    def build(self, first_shape: tuple[int | None, ...], x_shape: Any = None) -> None:
        features = first_shape[-1]
        if self.rank:
            self.thin = keras.layers.Dense(self.rank, use_bias=False, name="thin")
            self.thin.build(first_shape)
        self.mix = keras.layers.Dense(features, name="mix")
        self.mix.build((*first_shape[:-1], self.rank or features))

    def call(self, first: Any, x: Any) -> Any:
        return first * self.mix(self.thin(x) if self.rank else x) + x

    def compute_output_shape(self, first_shape: Any, x_shape: Any) -> Any:
        return x_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rank": self.rank}
