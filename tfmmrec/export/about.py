"""What an export says of itself: ``assets.extra/about.json``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data.dataset import Catalogue
from tfmmrec.export.conventions import CONVENTIONS
from tfmmrec.export.fingerprint import fingerprint
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.reordering import CANDIDATES
from tfmmrec.export.search import SearchVectors
from tfmmrec.models import Recommender
from tfmmrec.training.run import versions

ABOUT = Path("assets.extra", "about.json")
"""Where an export's description stands in its folder."""


def about(
    model: Recommender,
    catalogue: Catalogue,
    users: KnownUsers | None,
    index: Any,
    measured: dict[str, Any],
    signatures: dict[str, Any],
    operations: list[str],
    filters: Sequence[str] = (),
    candidates: int = CANDIDATES,
    updatable: bool = True,
    vectors: np.ndarray | None = None,
    search: SearchVectors | None = None,
) -> dict[str, Any]:
    """Plain values for JSON: fingerprint, schema, every signature, conventions, operations and versions.

    Args:
        model: what was exported.
        catalogue: its items.
        users: its known users, or None.
        index: the index as it was asked for.
        measured: what it reached, for each signature that asks one; see `Index`.
        signatures: concrete functions by name.
        operations: of the SavedModel.
        filters: names of the item features that are filtered by.
        candidates: how many items weights and diversity choose from.
        updatable: whether it holds what it was made from.
        vectors: of the items, where they were given in place of features.
        search: likewise what they are searched by.
    """
    made = {name: value for name, value in versions().items() if name not in ("machine", "cores")}
    tasks = catalogue.vocabulary.tasks
    return {
        "format": "tfmmrec export",
        "version": 1,
        "fingerprint": fingerprint(
            model, catalogue, users, index, filters, candidates, updatable, vectors, search
        ),
        "schema": model.schema.to_dict(),
        "width": model.width,
        "index": index if isinstance(index, str | dict) else type(index).__name__,
        "index_measured": measured.get("items", {}),
        "search_measured": measured.get("search", {}),
        "users_measured": measured.get("users", {}),
        "filters": list(filters),
        "candidates": candidates,
        "updatable": updatable,
        "items": len(catalogue.item_ids),
        "users": len(users) if users is not None else 0,
        "classes": {name: state["classes"] for name, state in tasks.items() if state.get("classes")},
        "signatures": {
            name: {
                "inputs": {key: _tensor(spec) for key, spec in of.structured_input_signature[1].items()},
                "outputs": {key: _tensor(spec) for key, spec in of.structured_outputs.items()},
            }
            for name, of in signatures.items()
        },
        "conventions": list(CONVENTIONS),
        "operations": operations,
        "versions": made,
    }


def is_made_of(
    path: str | Path,
    model: Recommender,
    catalogue: Catalogue,
    users: KnownUsers | None = None,
    index: Any = "exact",
    filters: Sequence[str] = (),
    candidates: int = CANDIDATES,
    updatable: bool = True,
    vectors: np.ndarray | None = None,
    search: SearchVectors | None = None,
) -> bool:
    """Whether an export stands there that was made from exactly these things; see `fingerprint`.

    Args:
        path: of a version, or of nothing.
        model: as it is now; see `export`, as the others.
        catalogue: its items.
        users: its known users, or None.
        index: the index as it would be asked for.
        filters: names of the item features that would be filtered by.
        candidates: how many items weights and diversity would choose from.
        updatable: whether it would hold what it was made from.
        vectors: of the items, where they would be given in place of features.
        search: likewise what they would be searched by.

    Raises:
        ValueError: there can be no such filter.
    """
    said = Path(path) / ABOUT
    if not said.is_file():
        return False
    made_from = json.loads(said.read_text("utf-8")).get("fingerprint")
    return made_from is not None and made_from == fingerprint(
        model, catalogue, users, index, filters, candidates, updatable, vectors, search
    )


def _tensor(spec: Any) -> dict[str, Any]:
    return {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}
