"""A loss that brings the modalities of the same item together, or keeps them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from tfmmrec.fusion.fusion import Tokens
from tfmmrec.layers import masked_mean
from tfmmrec.members import suggestion


class Alignment(keras.layers.Layer):
    """Abstract: passes tokens through unchanged and, in training, adds a loss between pairs of modalities.

    The loss is ``weight · 1/P Σ_p λ_p L_p`` over all P pairs: each pair is weighted after its own loss is
    reduced and before they are summed, and changing one λ changes no other pair's part. A subclass implements
    `pair_loss`. Rows in which either modality is missing must not count.

    Args:
        names: the modalities to align, in the order they are given.
        weight: of the mean pair loss in the model's loss.
        pairs: λ of pairs, such as ``{"title:poster": 2.0, "title:price": 0}`` (in TOML
            ``pairs = {"title:poster" = 2.0}``): 1 for those not named; 0 leaves a pair out. The order of the
            two names does not matter.

    Raises:
        ValueError: `pairs` names a pair that there is not, or one twice, or its weight is below 0.
    """

    def __init__(
        self,
        names: list[str],
        weight: float = 0.1,
        pairs: Mapping[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.names, self.weight, self.pairs = list(names), weight, dict(pairs or {})
        # a modality alone, as in a twin, has no pairs, and nothing to complain of
        self.lambdas = _lambdas(self.paired(), self.pairs) if len(self.names) > 1 else {}

    def build(self, *_: Any) -> None:
        pass

    def paired(self) -> list[tuple[str, str]]:
        """The pairs of modalities that there is a loss for: each with each."""
        return [(a, b) for i, a in enumerate(self.names) for b in self.names[i + 1 :]]

    def call(self, tokens: Tokens, present: dict[str, Any], training: bool | None = None) -> Tokens:
        if training and any(self.lambdas.values()):
            pooled = {name: masked_mean(*tokens[name]) for name in self.names}
            total = sum(
                weight * self.pair_loss(pooled[a], pooled[b], present[a], present[b])
                for (a, b), weight in self.lambdas.items()
                if weight
            )
            self.add_loss(self.weight * total / len(self.lambdas))
        return dict(tokens)

    def pair_loss(self, a: Any, b: Any, a_present: Any, b_present: Any) -> Any:
        """Scalar loss between two modalities: vectors ``[B, D]`` and whether each row has them, ``[B]``."""
        raise NotImplementedError

    def compute_output_shape(self, shapes: Any, *_: Any) -> Any:
        return shapes

    def get_config(self) -> dict[str, Any]:
        mine = {"names": self.names, "weight": self.weight, "pairs": self.pairs}
        return {**super().get_config(), **mine}


def mean_of_rows(losses: Any, counts: Any) -> Any:
    """Mean of the losses ``[B]`` of the rows that count, bool ``[B]``; 0 where none does."""
    weight = ops.cast(counts, "float32")
    return ops.sum(weight * losses) / ops.maximum(ops.sum(weight), 1.0)


def _lambdas(paired: list[tuple[str, str]], given: Mapping[str, float]) -> dict[tuple[str, str], float]:
    """The weight of each pair."""
    by_name = {name: pair for pair in paired for name in (":".join(pair), ":".join(reversed(pair)))}
    lambdas = dict.fromkeys(paired, 1.0)
    seen: dict[tuple[str, str], str] = {}
    for name, weight in given.items():
        if name not in by_name:
            known = [":".join(pair) for pair in paired]
            raise ValueError(
                f"pairs weighs pairs of modalities, such as {{'title:poster': 2.0}}, and there is no pair "
                f"{name!r}.{suggestion(name, known)}"
            )
        pair = by_name[name]
        if pair in seen:
            raise ValueError(f"pairs weighs {seen[pair]!r} and {name!r}, which are one pair: keep one.")
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight >= 0:
            raise ValueError(f"The weight of a pair is a number, 0 or more; pairs[{name!r}] is {weight!r}.")
        seen[pair], lambdas[pair] = name, float(weight)
    return lambdas
