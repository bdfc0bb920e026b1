"""Requests that TensorFlow Serving answers by itself before it serves a version.

Source: https://www.tensorflow.org/tfx/serving/saved_model_warmup
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.export.known_users import KnownUsers
from tfmmrec.export.prediction_log import prediction_log
from tfmmrec.export.raw_feature import padding
from tfmmrec.export.signatures import Signatures

WARMUP = Path("assets.extra", "tf_serving_warmup_requests")
"""Where TensorFlow Serving looks for them in a version's folder."""

_FEW = 3
"""Items in the history of somebody new."""
_K = 10


def write_warmup(
    folder: Path,
    answers: Signatures,
    functions: dict[str, Any],
    item_ids: Sequence[str],
    users: KnownUsers | None,
) -> None:
    """Writes one request per signature, a ``PredictionLog`` each, as a TFRecord file.

    Each is answered here first: where one of them fails, TensorFlow Serving does not serve the version.

    Args:
        folder: of the version, with ``assets.extra``.
        answers: what the export answers with.
        functions: its signatures.
        item_ids: the catalogue.
        users: known users, or None.
    """
    import tensorflow as tf

    examples = example_requests(answers, item_ids, users)
    with tf.io.TFRecordWriter(str(folder / WARMUP)) as written:
        for name, function in functions.items():
            inputs = {
                key: _tensor(examples[name].get(key), spec)
                for key, spec in function.structured_input_signature[1].items()
            }
            function(**inputs)
            arrays = {key: tensor.numpy() for key, tensor in inputs.items()}
            written.write(prediction_log(name, arrays))


def example_requests(
    answers: Signatures, item_ids: Sequence[str], users: KnownUsers | None
) -> dict[str, dict[str, Any]]:
    """A question to each signature, as nested lists; what it does not bring is absent.

    A known user (the one of the longest history) is recommended to and ranked for, somebody new is encoded
    from raw values; an item of the catalogue is compared, a new one ranked and encoded from its content, and
    searched for.
    """
    ids = list(item_ids)
    new: dict[str, Any] = answers.users.example(ids[:_FEW]) if answers.users else {}
    user = new
    if users is not None and len(users):
        user = {"user_id": [users.ids[int(np.diff(users.start).argmax())]]}
    content = answers.items.example()
    examples = {
        "recommend": {**user, "k": [_K], "exclude_seen": [True]},
        "rank": {**user, **content, "candidate": [["", *ids[:_K]]]},
        "similar_items": {"item_id": ids[:1], "k": [_K]},
        "encode_user": new,
        "encode_item": content or {"item_id": ids[:1]},
    }
    if answers.of_users:
        examples["similar_users"] = {**user, "k": [_K]}
    if answers.searching:
        examples["search"] = {**answers.items.query_example(), "k": [_K]}
    return examples


def _tensor(values: Any, spec: Any) -> Any:
    """A value as the input's tensor; nothing is one row of padding."""
    import tensorflow as tf

    if values is not None:
        return tf.constant(values, spec.dtype)
    nothing = (
        padding(spec.dtype) if spec.dtype == tf.string or spec.dtype.is_floating else tf.zeros([], spec.dtype)
    )
    return tf.fill([size or 1 for size in spec.shape], nothing)
