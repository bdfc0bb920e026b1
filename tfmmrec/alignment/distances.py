"""Alignments of an item's modalities with each other, whatever other items say: one distance each."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from tfmmrec.alignment.alignment import Alignment, mean_of_rows
from tfmmrec.layers import unit


class _Distance(Alignment):
    """The mean of a distance over the rows that have both modalities."""

    def pair_loss(self, a: Any, b: Any, a_present: Any, b_present: Any) -> Any:
        distances = self.distance(*(ops.cast(x, "float32") for x in (a, b)))
        return mean_of_rows(distances, ops.logical_and(a_present, b_present))

    def distance(self, a: Any, b: Any) -> Any:
        """``([B, D], [B, D]) → [B]``, float32."""
        raise NotImplementedError


@keras.saving.register_keras_serializable("tfmmrec")
class MaxCosine(_Distance):
    """``1 − cos(a, b)``: the cosine is maximised, so the loss falls as it rises (0 at best, 2 at worst).

    Mean over rows that have both. The positive half of a cosine embedding loss (Recipe1M, Salvador
    2017); nothing keeps different items apart but the tasks.
    """

    def distance(self, a: Any, b: Any) -> Any:
        return 1 - ops.sum(unit(a) * unit(b), axis=-1)


@keras.saving.register_keras_serializable("tfmmrec")
class KL(_Distance):
    """``½ [KL(p ‖ q) + KL(q ‖ p)]`` with ``p = softmax(a / τ)``, ``q = softmax(b / τ)`` over the width.

    The divergence of Kullback and Leibler (1951) both ways, as between students that learn from each other
    (deep mutual learning, Zhang 2018). Mean over rows that have both.

    Args:
        temperature: τ; high ones compare the order of all values, low ones the largest alone.
    """

    def __init__(
        self, names: list[str], weight: float = 0.1, temperature: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(names, weight, **kwargs)
        if not temperature > 0:
            raise ValueError(f"temperature divides vectors and must be above 0, got {temperature}.")
        self.temperature = temperature

    def distance(self, a: Any, b: Any) -> Any:
        log_p, log_q = (ops.log_softmax(x / self.temperature, axis=-1) for x in (a, b))
        # both ways at once: Σ (p − q)(log p − log q)
        return 0.5 * ops.sum((ops.exp(log_p) - ops.exp(log_q)) * (log_p - log_q), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable("tfmmrec")
class JointEmbedding(_Distance):
    """``½ Σ (a − b)²``, summed over the width: both modalities are one point of a joint space.

    Mean over rows that have both (correspondence autoencoder, Feng 2014). It grows with the width and
    with the length of the vectors, unlike the cosine: choose `weight` accordingly.
    """

    def distance(self, a: Any, b: Any) -> Any:
        return 0.5 * ops.sum(ops.square(a - b), axis=-1)


@keras.saving.register_keras_serializable("tfmmrec")
class Anchored(_Distance):
    """``‖z − α x‖²``, summed over the width: z is the anchor modality's vector, x each other modality's.

    All modalities are bound to one, as ImageBind (Girdhar 2023) binds them to pictures: there are only the
    pairs with the anchor. The anchor is held (no gradient): the others come to it, and it is not drawn away
    from what the tasks make of it. Mean over rows that have both.

    Args:
        anchor: the modality z; the first by default.
        alpha: α, above 0: with 0.5 the others may be twice as long as the anchor.

    Raises:
        ValueError: an `anchor` that is none of the modalities, an `alpha` that is not above 0.
    """

    def __init__(
        self,
        names: list[str],
        weight: float = 0.1,
        anchor: str | None = None,
        alpha: float = 1.0,
        **kwargs: Any,
    ) -> None:
        if anchor is not None and anchor not in names and len(names) > 1:  # one alone: nothing to align
            raise ValueError(f"anchor must be one of {', '.join(names)}; got {anchor!r}.")
        if not alpha > 0:
            raise ValueError(f"alpha must be above 0, got {alpha}: 0 would tie nothing to the anchor.")
        self.anchor, self.alpha = anchor, alpha  # before `paired` is asked
        super().__init__(names, weight, **kwargs)

    def paired(self) -> list[tuple[str, str]]:
        anchor = self.anchor or self.names[0]
        return [(anchor, name) for name in self.names if name != anchor]

    def distance(self, a: Any, b: Any) -> Any:
        return ops.sum(ops.square(ops.stop_gradient(a) - self.alpha * b), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "anchor": self.anchor, "alpha": self.alpha}
