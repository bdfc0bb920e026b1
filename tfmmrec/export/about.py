"""What an export says of itself: ``assets.extra/about.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfmmrec.export.conventions import CONVENTIONS
from tfmmrec.export.fingerprint import fingerprint
from tfmmrec.export.handover import Given
from tfmmrec.training.run import versions

ABOUT = Path("assets.extra", "about.json")
"""Where an export's description stands in its folder."""


def about(
    given: Given, measured: dict[str, Any], signatures: dict[str, Any], operations: list[str]
) -> dict[str, Any]:
    """Plain values for JSON: fingerprint, schema, every signature, conventions, operations and versions.

    Args:
        given: what the export was made from.
        measured: what the index reached, for each signature that asks one; see `Index`.
        signatures: concrete functions by name.
        operations: of the SavedModel.
    """
    made = {name: value for name, value in versions().items() if name not in ("machine", "cores")}
    catalogue, index = given.catalogue, given.index
    tasks = catalogue.vocabulary.tasks
    return {
        "format": "tfmmrec export",
        "version": 1,
        "fingerprint": fingerprint(given),
        "schema": given.model.schema.to_dict(),
        "width": given.model.width,
        "index": index if isinstance(index, str | dict) else type(index).__name__,
        "index_measured": measured.get("items", {}),
        "search_measured": measured.get("search", {}),
        "users_measured": measured.get("users", {}),
        "filters": list(given.filters),
        "candidates": given.candidates,
        "updatable": given.updatable,
        "items": len(catalogue.item_ids),
        "users": len(given.users) if given.users is not None else 0,
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


def is_made_of(path: str | Path, given: Given) -> bool:
    """Whether an export stands there that was made from exactly these things; see `fingerprint`.

    Args:
        path: of a version, or of nothing.
        given: what would be exported, as it is now.

    Raises:
        ValueError: there can be no such filter.
    """
    said = Path(path) / ABOUT
    if not said.is_file():
        return False
    made_from = json.loads(said.read_text("utf-8")).get("fingerprint")
    return made_from is not None and made_from == fingerprint(given)


def _tensor(spec: Any) -> dict[str, Any]:
    return {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}
