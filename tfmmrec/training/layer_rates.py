"""Learning rates by depth: the layers next to an encoder's input learn least."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from tfmmrec.encoders.numbers import NumberEncoder
from tfmmrec.encoders.pictures import PictureEncoder
from tfmmrec.encoders.sequences import SequenceEncoder
from tfmmrec.models import Recommender
from tfmmrec.schema import Side

_OPENED = (keras.Model, NumberEncoder, PictureEncoder, SequenceEncoder)


def layer_rates(
    model: Recommender,
    decay: float | dict[str, float] | None,
    rates: dict[str, float] | None = None,
) -> dict[str, float]:
    """Discriminative fine-tuning (Howard & Ruder, 2018): by path, what a learning rate is multiplied by.

    In an encoder whose layers with weights are L, from the input to the output, the l-th gets
    ``rate · decay^(L − l)``: the last one learns at the encoder's rate, and each one below by `decay` slower.
    A layer is what the encoder holds: a table of words, a block, a summary; those of the network within it
    count one by one, in the order in which it holds them.

    Args:
        model: whose encoders.
        decay: in (0, 1], for the encoders of all features, or by feature; None: no decay.
        rates: by feature, the encoder's own rate.

    Raises:
        ValueError: `decay` names what is no feature, or is out of range.
    """
    if decay is None:
        return {}
    encoders = list(encoders_of(model))
    there = sorted({name for name, _ in encoders})
    by_name = decay if isinstance(decay, dict) else dict.fromkeys(there, decay)
    for name, each in by_name.items():
        if name not in there:
            raise ValueError(
                f"layer_decay: there is no feature {name!r} whose encoder learns. There are: "
                f"{', '.join(there)}."
            )
        if not 0 < each <= 1:
            raise ValueError(f"layer_decay is above 0 and at most 1, such as 0.8; of {name!r} it is {each}.")
    found: dict[str, float] = {}
    for name, encoder in encoders:
        rate = (rates or {}).get(name, 1.0)
        for below, variables in enumerate(reversed(layers_of(encoder))):
            found |= {variable.path: rate * by_name.get(name, 1.0) ** below for variable in variables}
    return found


def encoders_of(model: Recommender) -> Iterator[tuple[str, keras.layers.Layer]]:
    """The encoder of each feature that has weights to learn, by the feature's name."""
    towers: dict[Side, Any] = {"item": model.item_tower, "user": model.user_tower}
    if model.user_tower is not None and model.schema.features("event"):
        towers["event"] = model.user_tower.get_layer("event_tower")
    for side, tower in towers.items():
        for feature in model.schema.features(side) if tower is not None else ():
            encoder = tower.get_layer(feature.name)
            if encoder.trainable_variables:
                yield feature.name, encoder


def layers_of(encoder: keras.layers.Layer) -> list[list[Any]]:
    """The trainable variables of each layer that learns, from the input to the output."""
    children = (
        encoder.layers
        if isinstance(encoder, keras.Model)
        else list(encoder._flatten_layers(include_self=False, recursive=False))
    )
    levels: list[list[Any]] = []
    for child in children:
        levels += layers_of(child) if isinstance(child, _OPENED) else [child.trainable_variables]
    held = {id(variable) for level in levels for variable in level}
    own = [variable for variable in encoder.trainable_variables if id(variable) not in held]
    return [level for level in (own, *levels) if level]
