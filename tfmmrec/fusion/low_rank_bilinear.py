"""Low-rank multilinear fusion: products of all modalities without their outer product."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Fusion, pooled


@keras.saving.register_keras_serializable("tfmmrec")
class LowRankBilinear(Fusion):
    """``norm(Σ_r p_r ⊙_m (W_m^r x_m + b_m^r))`` with ``x_m`` the mean of the tokens of modality m.

    For two modalities the low-rank bilinear pooling of Kim (2017), for more the low-rank multimodal fusion of
    Liu (2018): the weight tensor over the outer product ``[x_1; 1] ⊗ … ⊗ [x_M; 1]`` in `rank` factors. The
    biases b begin at 1, so that a product begins with each modality's own part and not with the products
    of all alone, in which the gradient of each is as small as the others are.

    Args:
        rank: factors.
    """

    def __init__(self, width: int, names: list[str], rank: int = 4, **kwargs: Any) -> None:
        super().__init__(width, names, **kwargs)
        if rank < 1:
            raise ValueError(f"rank must be 1 or more, got {rank}.")
        self.rank = rank
        self.norm = keras.layers.RMSNormalization(name="norm")

    def build(self, *_: Any) -> None:
        each = keras.initializers.RandomNormal(stddev=self.width**-0.5)
        shape = (len(self.names), self.rank, self.width)
        self.kernel = self.add_weight(shape=(*shape, self.width), initializer=each, name="kernel")
        self.bias = self.add_weight(shape=shape, initializer="ones", name="bias")
        of_rank = keras.initializers.RandomNormal(stddev=self.rank**-0.5)
        self.mix = self.add_weight(shape=(self.rank,), initializer=of_rank, name="mix")
        self.norm.build((None, self.width))

    def fuse(self, tokens: list[tuple[Any, Any]], training: bool | None) -> Any:
        x = pooled(tokens)
        kernel, bias, mix = (ops.cast(w, x.dtype) for w in (self.kernel, self.bias, self.mix))
        factors = ops.einsum("bmd,mrde->bmre", x, kernel) + bias
        product = factors[:, 0]
        for m in range(1, len(self.names)):
            product = product * factors[:, m]
        return self.norm(ops.einsum("bre,r->be", product, mix))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rank": self.rank}
