"""What an export is made from, as one hash: exports of the same fingerprint answer the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from tfmmrec.data.dataset import Catalogue, Features
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.members import chosen
from tfmmrec.models import Recommender
from tfmmrec.schema import Schema, Side
from tfmmrec.training.run import versions

_WRITERS = ("tfmmrec", "keras", "tensorflow")


def fingerprint(
    model: Recommender, catalogue: Catalogue, users: KnownUsers | None = None, index: Any = "exact"
) -> str:
    """The SHA-256 of everything that goes into an export, 64 hexadecimal digits; the same on every backend.

    That is the model's configuration and weights, the catalogue's ids, vocabulary and the features the model
    reads, the known users likewise, the index and its settings, and the versions of what writes the export.

    Args:
        model: see `export`, as the others.
        catalogue: its popularity is not a part of an export.
        users: None is the same as nobody.
        index: a name alone is the same as a dict of it.
    """
    model.sync()
    users = users if users is not None and len(users) else None
    found = versions()
    plain = {
        "versions": [found.get(name) for name in _WRITERS],
        "model": model.get_config(),
        "vocabulary": catalogue.vocabulary.to_dict(),
        "item_ids": list(catalogue.item_ids),
        "user_ids": list(users.ids) if users else [],
        "index": chosen(index),
    }
    # a class that was chosen, such as a fusion, is known by its name
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode())
    for array in _arrays(model, catalogue, users):
        digest.update(f"\n{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view("uint8").data)
    return digest.hexdigest()


def _arrays(model: Recommender, catalogue: Catalogue, users: KnownUsers | None) -> Iterator[np.ndarray]:
    """One after the other, in an order that `fingerprint`'s plain values pin."""
    for tower in (model.item_tower, model.user_tower, model.ranker):
        for weight in tower.weights if tower else ():  # `variables` would bring the dropout's seeds
            yield keras.ops.convert_to_numpy(weight)
    yield from _read(catalogue.items, model.schema, "item")
    if users is not None:
        yield from (users.start, users.item, users.time, users.seen_start, users.seen)
        yield from _read(users.events, model.schema, "event")
        yield from _read(users.features, model.schema, "user")


def _read(features: Features, schema: Schema, side: Side) -> Iterator[np.ndarray]:
    for feature in schema.features(side):
        for _, array in sorted(features[feature.name].items()):
            yield array
