"""From a trained model and its catalogue to one SavedModel in TensorFlow Serving's layout."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfmmrec import retrieval
from tfmmrec.aside import sweep
from tfmmrec.data.dataset import Catalogue
from tfmmrec.data.features import Progress
from tfmmrec.export.about import is_made_of
from tfmmrec.export.filters import checked_filters
from tfmmrec.export.handover import Given
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.reordering import CANDIDATES
from tfmmrec.export.versions import checked_version, write_version
from tfmmrec.members import find
from tfmmrec.models import Recommender, without_graph
from tfmmrec.retrieval import Index
from tfmmrec.schema import SIDES


def export(
    model: Recommender,
    catalogue: Catalogue,
    path: str | Path,
    users: KnownUsers | None = None,
    index: Any = "exact",
    overwrite: bool = False,
    filters: Sequence[str] = (),
    candidates: int = CANDIDATES,
    updatable: bool = True,
    progress: Progress | None = None,
) -> Path:
    """Writes everything a product asks of a model as one SavedModel; see `Signatures` and `CONVENTIONS`.

    It stands on TensorFlow's own operations, which is checked. A model that was trained on another backend is
    exported by a process of its own that runs on tensorflow, on the CPU. The folder appears whole or not
    at all; TensorFlow Serving never sees half a version. A version that is there and was made from exactly
    these things is left as it is (see `is_made_of`), so that an export may be started again whatever
    interrupted it.

    Args:
        model: trained, or loaded from a run.
        catalogue: the items to answer with: ``data.catalogue``.
        path: a new version of a served model, as in ``savedmodels/demo/1``.
        users: users to know by their ids, and to answer ``similar_users`` with: ``KnownUsers.of(data)``.
            Without them, users are known by the history that a request brings.
        index: how the best items (and users) are found: ``"exact"``, ``"ivf"``, or a dict of ``name`` and
            settings, such as ``{"name": "ivf", "recall_target": 0.98}``; see `tfmmrec.retrieval`.
        overwrite: replace a version that is there, whatever it was made from.
        filters: names of item features that a request to ``recommend`` may filter by, such as
            ``["genre", "year"]``: Category and Tags by any of some terms, Number and Timestamp by a range.
        candidates: how many of the best items weights and diversity choose from, where a request brings them.
        updatable: keep what `add_items`, `remove_items` and `rebuild` need in ``assets.extra/kept``, which
            TensorFlow Serving does not read: the model, ids, vectors, attributes and popularity of the items
            with the vocabulary, the known users and these settings; not the features of the items.
        progress: called with a stage, what is done of it, and what there is to do.

    Returns:
        The path.

    Raises:
        ValueError: the path is no version, is taken by something else or is just being written, the catalogue
            or the users are not the model's, there can be no such filter, or item vectors are not finite.
        OSError: the disk is full, or nothing may be written there.
        RuntimeError: the process on tensorflow failed; the message has its last words.
    """
    sweep(Path(os.path.abspath(path)).parent)
    target = checked_version(Path(path))
    name = index["name"] if isinstance(index, dict) and "name" in index else index
    find(retrieval, Index, name)
    _check(model, catalogue, users)
    model = without_graph(model)
    filters = checked_settings(model, catalogue, filters, candidates)
    given = Given(model, catalogue, users, index, filters, candidates, updatable)
    if target.exists() and not overwrite:
        if is_made_of(target, given):
            return target
        there = sorted(int(one.name) for one in target.parent.iterdir() if one.name.isdecimal())
        raise ValueError(
            f"{str(target)!r} is there already, with something else in it. Export to the next version, "
            f"{str(target.parent / str(there[-1] + 1))!r}, or pass overwrite=True."
        )
    return write_version(target, given, progress)


def checked_settings(
    model: Recommender, catalogue: Catalogue, filters: Sequence[str], candidates: int
) -> tuple[str, ...]:
    """The filters as `checked_filters` returns them.

    Raises:
        ValueError: there can be no such filters, or not so many candidates.
    """
    filters = checked_filters(catalogue, filters)
    if filters and model.schema.retrieval is None:
        raise ValueError(
            "filters: the model has no task that ranks the catalogue, so there is nothing to be filtered. "
            "Train one with NextItem or Match, or export without filters."
        )
    if isinstance(candidates, bool) or not isinstance(candidates, int) or candidates < 1:
        raise ValueError(
            "candidates is how many of the best items weights and diversity choose from, a whole number of 1 "
            f"or more, such as {CANDIDATES}; got {candidates!r}."
        )
    return filters


def _check(model: Recommender, catalogue: Catalogue, users: KnownUsers | None) -> None:
    if not isinstance(model, Recommender):
        raise ValueError(f"model must be a Recommender, got {type(model).__name__}.")
    if not isinstance(catalogue, Catalogue):
        raise ValueError(f"catalogue must be data.catalogue, got {type(catalogue).__name__}.")
    if users is not None and not isinstance(users, KnownUsers):
        raise ValueError(f"users must be KnownUsers.of(data) or None, got {type(users).__name__}.")
    prepared, trained = catalogue.vocabulary.learnt(), model.vocabulary
    for side in SIDES:
        for feature in model.schema.features(side):
            name = feature.name
            if prepared.features[side].get(name) != trained.features[side][name]:
                raise _other_data(f"{side} feature {name!r}")
    for task in model.schema.tasks:
        if prepared.tasks.get(task.name) != trained.tasks.get(task.name):
            raise _other_data(f"task {task.name!r}")
    trained.check_rows(catalogue.vocabulary)
    if users is not None and len(users):
        met = max(users.item.max(initial=-1), users.seen.max(initial=-1))
        if met >= len(catalogue.item_ids):
            raise ValueError(
                "The users met items that are not in the catalogue; take both from the same data."
            )


def _other_data(what: str) -> ValueError:
    return ValueError(
        f"The catalogue was prepared from other data than the model was trained on: its {what} differs. Give "
        "the catalogue of the training data."
    )
