"""The features of one side as tokens: their inputs, encoders, and what stands for those that are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from tfmmrec.data.vocabulary import State
from tfmmrec.layers import MissingToken, ModalityDropout
from tfmmrec.modalities import Id, Modality
from tfmmrec.schema import SIDES, Schema

Inputs = dict[str, Any]

Rates = dict[str, dict[str, float]]
"""Side → feature name → the share of rows it is hidden of in training."""


def feature_inputs(features: Sequence[Modality], states: dict[str, State], prefix: str = "") -> Inputs:
    """Keras inputs of a bag of features: ``"<feature>.<part>"`` → tensor named with `prefix` before it."""
    return {
        f"{feature.name}.{part}": keras.Input(shape, dtype=dtype, name=f"{prefix}{feature.name}.{part}")
        for feature in features
        for part, (shape, dtype) in feature.spec(states[feature.name]).items()
    }


def encode_features(
    features: Sequence[Modality],
    states: dict[str, State],
    inputs: Inputs,
    width: int,
    dropout: dict[str, float] | None = None,
    side: str = "item",
    ids: keras.layers.Layer | None = None,
) -> tuple[dict[str, tuple[Any, Any]], dict[str, Any]]:
    """Encodes every feature; rows that miss one get its learned missing token.

    Args:
        features: of a side.
        states: of the features.
        inputs: see `feature_inputs`.
        width: D.
        dropout: shares of rows that features are hidden of in training, so that a row keeps one at least;
            None: by each feature's own `dropout`, for itself alone.
        side: whose features they are.
        ids: the encoder of the id, where it is not the feature's own.

    Returns:
        tokens by feature name, and by feature name which rows kept their own.
    """
    tokens, present = {}, {}
    together = dropout is not None and len(features) > 1
    for feature in features:
        state, name = states[feature.name], feature.name
        parts = {part: inputs[f"{name}.{part}"] for part in feature.spec(state)}
        shared = ids if isinstance(feature, Id) else None
        with keras.name_scope(name):  # what a network brings with it stands under the feature's name, too
            encoder = shared or feature.make_encoder(width, state, name=name)
        tokens[name] = encoder(parts)
        if not together:
            # a feature that stands alone is never hidden: nothing would be left
            rate = getattr(feature, "dropout", 0.0) if len(features) > 1 else 0.0
            x, mask, present[name] = MissingToken(width, rate, name=f"{name}_missing")(*tokens[name])
            tokens[name] = (x, mask)
    if dropout is not None and len(features) > 1:
        hiding = ModalityDropout([dropout[name] for name in tokens], name=f"{side}_modality_dropout")
        masks = hiding([mask for _, mask in tokens.values()])
        for (name, (x, _)), mask in zip(list(tokens.items()), masks, strict=True):
            x, mask, present[name] = MissingToken(width, name=f"{name}_missing")(x, mask)
            tokens[name] = (x, mask)
    return tokens, present


def dropout_rates(schema: Schema, dropout: float | dict[str, float] | None) -> Rates:
    """By side and feature, the shares of rows that whole features are hidden of in training.

    Args:
        schema: whose features.
        dropout: one share for all features of items and users; or by name, where the features that are not
            named keep their own; None: all keep their own.

    Returns:
        the sides of which something is said.

    Raises:
        ValueError: there is no such feature, or a share is not in [0, 1).
    """
    there = {side: {f.name: getattr(f, "dropout", 0.0) for f in schema.features(side)} for side in SIDES}
    if dropout is None:
        return {}
    if not isinstance(dropout, dict):
        asked: Rates = {side: dict.fromkeys(there[side], dropout) for side in ("item", "user")}
    else:
        known = sorted({name for own in there.values() for name in own})
        for name in dropout:
            if name not in known:
                raise ValueError(
                    f"modality_dropout: there is no feature {name!r}. There are: {', '.join(known)}."
                )
        asked = {
            side: own | {name: dropout[name] for name in own if name in dropout}
            for side, own in there.items()
            if set(own) & set(dropout)
        }
    for name, rate in ((name, rate) for own in asked.values() for name, rate in own.items()):
        if not 0 <= rate < 1:
            raise ValueError(f"modality_dropout is a share of rows, in [0, 1); of {name!r} it is {rate}.")
    return asked
