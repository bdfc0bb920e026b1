"""What an export is made from, as one hash: exports of the same fingerprint answer the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import keras
import numpy as np

from tfmmrec.data.dataset import Features
from tfmmrec.export.filters import checked_filters
from tfmmrec.export.handover import Given
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.members import chosen
from tfmmrec.models import Recommender, without_graph
from tfmmrec.schema import Schema, Side
from tfmmrec.training.run import versions

_WRITERS = ("tfmmrec", "keras", "tensorflow")


def fingerprint(given: Given) -> str:
    """The SHA-256 of everything that goes into an export, 64 hexadecimal digits; the same on every backend.

    That is the model's configuration and weights, the catalogue's ids, vocabulary and the features the model
    reads, the known users likewise, the index and its settings (its name alone is the same as a dict of it),
    the attributes that are filtered by, in whatever order, how many candidates are put into another order,
    whether it can be updated, and the versions of what writes the export. An export that was made from
    vectors of items, and not from their features, is another one. The catalogue's popularity is not a part.

    Raises:
        ValueError: there can be no such filter.
    """
    model, catalogue = without_graph(given.model), given.catalogue
    model.sync()
    users = given.users if given.users is not None and len(given.users) else None
    filters = checked_filters(catalogue, given.filters)
    found = versions()
    plain = {
        "versions": [found.get(name) for name in _WRITERS],
        "model": model.serving_config(),
        "vocabulary": catalogue.vocabulary.to_dict(),
        "item_ids": list(catalogue.item_ids),
        "user_ids": list(users.ids) if users else [],
        "index": chosen(given.index),
        "filters": list(filters),
        "candidates": given.candidates,
        "updatable": given.updatable,
        "from_vectors": given.vectors is not None,
    }
    # a class that was chosen, such as a fusion, is known by its name
    digest = hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode())
    filtered_by = [array for name in filters for _, array in sorted(catalogue.attributes[name].items())]
    for array in [*_arrays(given, model, users), *filtered_by]:
        digest.update(f"\n{array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view("uint8").data)
    return digest.hexdigest()


def _arrays(given: Given, model: Recommender, users: KnownUsers | None) -> Iterator[np.ndarray]:
    """One after the other, in an order that `fingerprint`'s plain values pin."""
    for tower in (model.item_tower, model.user_tower, model.ranker):
        for weight in tower.weights if tower else ():  # `variables` would bring the dropout's seeds
            yield keras.ops.convert_to_numpy(weight)
    if given.vectors is None:
        yield from _read(given.catalogue.items, model.schema, "item")
    else:
        yield given.vectors
    if given.search is not None:
        yield from (given.search.vectors, given.search.queries)
    if users is not None:
        yield from (users.start, users.item, users.time, users.seen_start, users.seen)
        yield from _read(users.events, model.schema, "event")
        yield from _read(users.features, model.schema, "user")


def _read(features: Features, schema: Schema, side: Side) -> Iterator[np.ndarray]:
    for feature in schema.features(side):
        for _, array in sorted(features[feature.name].items()):
            yield array
