"""What a user did: a sequence of items × event features × times, or, without an order, a set of items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import keras
import numpy as np

from tfmmrec.encoders import histories
from tfmmrec.encoders.histories import UNKNOWN, HistoryEncoder
from tfmmrec.members import check_choice, chosen, find, make, suggestion

LATEST = 2**31 - 1
"""Seconds: 68 years after the first event, the last moment that there is."""

CHANGES = {"crop": 0.5, "reorder": 0.2, "substitute": 0.1, "mask": 0.2}
"""What histories can be changed by in training, in this order, and how much by default."""

_GIVEN = ("length", "width", "layers", "dropout", "causal", "timed", "heads")


def elapsed(time: np.ndarray) -> np.ndarray:
    """Seconds since the epoch ``[B, L]`` → int32 seconds since the first of each row.

    They are rounded down first, so that the time between two events is the same whatever the row begins with:
    the export computes it in TensorFlow ops. `UNKNOWN` where the time is NaN; later than `LATEST` is then.
    """
    whole = np.floor(time)
    first = np.fmin.reduce(whole, axis=1, keepdims=True, initial=np.inf)  # inf where none is known
    with np.errstate(invalid="ignore", over="ignore"):  # between two that are endless, or endlessly apart
        since = whole - first
    return np.where(np.isnan(since), UNKNOWN, np.clip(since, 0, LATEST)).astype("int32")


@dataclass(frozen=True)
class History:
    """How a user's events are read.

    Args:
        length: events read, the latest; longer histories are cut into windows for training.
        layers: of the encoder. Of the Transformer 0 is no attention: a state is the sum of the events read,
            which is often all there is to learn from a set.
        heads: attention heads, where the encoder attends.
        dropout: of the input and of what each layer adds.
        encoder: what reads the events, of `tfmmrec.encoders.histories`: ``"transformer"`` (SASRec),
            ``"hstu"``, ``"gru"``, ``"lstm"``, ``"caser"``, ``"next_it_net"``, ``"bert4rec"``, or a dict of
            ``name`` and settings. Without an order of events only the first two.
        augment: random changes of what is read in training; what is asked stays. Names, or as a dict their
            shares: ``"crop"`` (the share of windows that are cut in two, of which the later is read without
            the earlier), ``"reorder"`` (the share of a window that is one stretch in a random order; what the
            order tells is not asked within it), ``"substitute"`` (the share of events that are read as though
            they were of an item that often stands near theirs), ``"mask"`` (the share of events of which
            nothing is told but that they were). CL4SRec (Xie 2022), and CoSeRec (Liu 2021) for substitutes.
            Without an order of events only the last two; with an encoder that learns from hidden events
            (``"bert4rec"``) only the first.

    Raises:
        ValueError: there is no such encoder, or no such change, its share is not above 0 and at most 1, or
            the encoder cannot learn from it.
    """

    length: int = 50
    layers: int = 2
    heads: int = 4
    dropout: float = 0.2
    encoder: str | dict[str, Any] = "transformer"
    augment: tuple[str, ...] | dict[str, float] = ()

    def __post_init__(self) -> None:
        if isinstance(self.encoder, dict):  # as TOML and JSON have it
            plain = {k: list(v) if isinstance(v, tuple) else v for k, v in self.encoder.items()}
            object.__setattr__(self, "encoder", plain)
        check_choice(histories, HistoryEncoder, self.encoder, "History: encoder", _GIVEN)
        if isinstance(self.augment, str):
            raise ValueError(f"History: augment is a list such as ['crop', 'mask'], got {self.augment!r}.")
        if not isinstance(self.augment, Mapping):
            object.__setattr__(self, "augment", tuple(self.augment))
        for name, share in self.changes.items():
            if name not in CHANGES:
                raise ValueError(
                    f"History: there is no augmentation {name!r} of a history.{suggestion(name, CHANGES)}"
                )
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
                raise ValueError(
                    f"History: augment: the share of {name!r} is above 0 and at most 1, got {share!r}."
                )
            if self.masked and name != "crop":
                raise ValueError(
                    f"History: the encoder {chosen(self.encoder)['name']!r} learns from hidden events, and "
                    f"{name!r} would change what they stand among: leave one of the two."
                )

    @property
    def changes(self) -> dict[str, float]:
        """The share of each change of `augment`."""
        if isinstance(self.augment, dict):
            return dict(self.augment)
        return {name: CHANGES.get(name, 1.0) for name in self.augment}

    @property
    def masked(self) -> float:
        """The share of events that training hides and asks about alone; see `HistoryEncoder`."""
        settings = chosen(self.encoder)
        return settings.get("masked", find(histories, HistoryEncoder, settings["name"]).masked)

    def make_encoder(self, width: int, causal: bool, name: str, timed: bool = True) -> keras.layers.Layer:
        """Returns the layer from item vectors and times to states; see `HistoryEncoder`."""
        given = {key: getattr(self, key) for key in ("length", "layers", "heads", "dropout")}
        given |= {"width": width, "causal": causal, "timed": timed}
        return make(histories, HistoryEncoder, self.encoder, name=name, **given)

    def to_dict(self) -> dict[str, Any]:
        """The entry as plain values, as it stands in TOML; what is optional where it is asked for."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.encoder == "transformer":
            del plain["encoder"]
        if not self.augment:
            del plain["augment"]
        elif isinstance(self.augment, tuple):
            plain["augment"] = list(self.augment)
        return plain
