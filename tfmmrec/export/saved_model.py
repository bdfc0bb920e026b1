"""Writes a SavedModel: item vectors, signatures, the check, what it says of itself, and its warm-up."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from tfmmrec.data.features import Progress
from tfmmrec.export.about import ABOUT, about
from tfmmrec.export.handover import Given
from tfmmrec.export.search import SearchVectors
from tfmmrec.export.servable import check_servable, core_ops
from tfmmrec.export.signatures import Signatures
from tfmmrec.export.warmup import write_warmup
from tfmmrec.members import chosen

KEPT = Path("assets.extra", "kept")
"""Where an export keeps what it was made from, so that `add_items` and others make the next version of it."""


def write_saved_model(given: Given, folder: Path, progress: Progress | None = None) -> None:
    """Writes the SavedModel into a new folder; under the tensorflow backend.

    Beside the signatures a loaded SavedModel has ``knows_user`` (where there are users) and ``knows_item``,
    functions from strings ``[B]`` to bool ``[B]``, for `tfmmrec.serving`.

    Args:
        given: what it is made from; already known to fit together.
        folder: is made.
        progress: is told how far the index is.

    Raises:
        ValueError: item vectors are not finite, or an operation cannot be served.
        OSError: the disk is full.
    """
    import tensorflow as tf

    model, catalogue, users = given.model, given.catalogue, given.users
    if given.vectors is None:
        encoded = model.encode_items(catalogue.items, batch=min(512, len(catalogue.item_ids)))
        vectors, search = encoded["vector"], SearchVectors.of(model, catalogue.items, encoded)
    else:
        vectors, search = np.asarray(given.vectors, "float32"), given.search
    if not np.isfinite(vectors).all() or (search and not np.isfinite(search.vectors).all()):
        raise ValueError("The vectors of items are not all finite numbers; the training has diverged.")
    telling = {**chosen(given.index), "progress": progress}
    answers = Signatures(
        model, catalogue, vectors, users, telling, given.filters, given.candidates, search=search
    )
    functions = answers.functions()
    module = tf.Module()
    module.resources = answers.resources
    ids = tf.TensorSpec([None], tf.string)
    if answers.users:
        module.knows_user = tf.function(answers.users.knows, input_signature=[ids], autograph=False)
    module.knows_item = tf.function(answers.knows_item, input_signature=[ids], autograph=False)
    try:
        tf.saved_model.save(module, str(folder), signatures=functions)
    except tf.errors.ResourceExhaustedError as error:  # of memory, or of the disk
        full = os.strerror(errno.ENOSPC)
        if full not in str(error):
            raise
        raise OSError(errno.ENOSPC, full, str(folder)) from error
    check_servable(folder)
    described = about(given, answers.measured, functions, core_ops(folder))
    (folder / ABOUT).parent.mkdir()
    (folder / ABOUT).write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", "utf-8")
    write_warmup(folder, answers, functions, catalogue.item_ids, users)
    if given.updatable:
        # vectors stand for the items: what they were made from, pictures above all, is far larger
        kept = replace(given, catalogue=replace(catalogue, items={}), vectors=vectors, search=search)
        kept.save(folder / KEPT)
