"""Writes a SavedModel: vectors of all items, signatures, the check, and what it says of itself."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.data.dataset import Catalogue
from tfmmrec.export.about import ABOUT, about
from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.servable import check_servable, core_ops
from tfmmrec.export.signatures import Signatures
from tfmmrec.models import Recommender


def write_saved_model(
    model: Recommender, catalogue: Catalogue, users: KnownUsers | None, index: Any, folder: Path
) -> None:
    """Writes the SavedModel into a new folder; under the tensorflow backend.

    Beside the signatures a loaded SavedModel has ``knows_user`` (where there are users) and ``knows_item``,
    functions from strings ``[B]`` to bool ``[B]``, for `tfmmrec.serving`.

    Args:
        model: what answers.
        catalogue: what is answered with; already known to fit the model.
        users: known users, or None.
        index: a name, or a dict of ``name`` and settings.
        folder: is made.

    Raises:
        ValueError: item vectors are not finite, or an operation cannot be served.
        OSError: the disk is full.
    """
    import tensorflow as tf

    vectors = model.encode_items(catalogue.items, batch=min(512, len(catalogue.item_ids)))["vector"]
    if not np.isfinite(vectors).all():
        raise ValueError("The vectors of items are not all finite numbers; the training has diverged.")
    answers = Signatures(model, catalogue, vectors, users, index)
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
    described = about(model, catalogue, users, index, answers.index.measured, functions, core_ops(folder))
    (folder / ABOUT).parent.mkdir()
    (folder / ABOUT).write_text(json.dumps(described, indent=2, ensure_ascii=False) + "\n", "utf-8")
