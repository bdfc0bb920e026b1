"""An export, asked from Python in this process."""

from __future__ import annotations

import json
import re
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.members import suggestion
from tfmmrec.serving.predictor import Predictor
from tfmmrec.serving.signature import Signature, TensorInfo
from tfmmrec.serving.versions import versions

_REMEMBERED = 1 << 17
"""Ids that were found to be known, of users and of items, at most."""

_OWN = re.compile(r"assertion failed: (.*)")
"""In an error of TensorFlow what a graph of ours says of a request that it refuses."""


class Served(Predictor):
    """Loads an export and answers as TensorFlow Serving would; how it is asked stands in `Predictor`.

    Of pictures and sounds it reads what TensorFlow Serving reads, see `tfmmrec.export.CONVENTIONS`.

    Args:
        folder: ``savedmodels/demo``, whose highest version is taken, or one version, ``savedmodels/demo/1``.

    Attributes:
        folder: of the version.
        about: what the export says of itself: schema, conventions, items, versions.

    Raises:
        ValueError: there is no export.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = _version(Path(folder))
        import tensorflow as tf

        self._model = tf.saved_model.load(str(self.folder))
        self._known: dict[str, set[bytes]] = {"user_id": set(), "item_id": set()}
        about = self.folder / "assets.extra" / "about.json"
        self.about: dict[str, Any] = json.loads(about.read_text("utf-8")) if about.is_file() else {}

    @cached_property
    def signatures(self) -> dict[str, Signature]:
        """What can be asked, by name."""
        return {
            name: Signature(
                _infos(function.structured_input_signature[1]), _infos(function.structured_outputs)
            )
            for name, function in self._model.signatures.items()
        }

    def _predict(self, name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        self.check_known(name, inputs)
        return self.answer(name, inputs)

    def answer(self, name: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Outputs ``[B, …]`` of a signature, from every input as an array; strings are bytes in objects.

        Raises:
            ValueError: the request cannot be answered.
        """
        import tensorflow as tf

        taken = self.signatures[name].inputs
        tensors = {key: tf.constant(array, taken[key].dtype) for key, array in inputs.items()}
        try:
            outputs = self._model.signatures[name](**tensors)
        except (
            tf.errors.InvalidArgumentError,
            tf.errors.OutOfRangeError,
            tf.errors.UnimplementedError,
            tf.errors.ResourceExhaustedError,
        ) as error:
            own = _OWN.search(error.message)
            broken = f"; is every medium the bytes of a whole file? {error.message[:300]}"
            raise ValueError(f"The request cannot be answered{f': {own[1]}' if own else broken}") from error
        return {key: tensor.numpy() for key, tensor in outputs.items()}

    def check_known(self, name: str, inputs: dict[str, np.ndarray]) -> None:
        """Refuses a user or an item of which nothing is known: the graph would answer for anybody.

        Raises:
            ValueError: with the first such one.
        """
        if not {"user_id", "item_id"} & set(inputs):
            return  # items are judged, for nobody
        about_user = "user_id" in inputs
        asked, prefix = ("user_id", ("user_", "history")) if about_user else ("item_id", ("item_",))
        ids = inputs[asked]
        described = np.zeros(len(ids), bool)
        for key, values in inputs.items():
            if key != asked and key.startswith(prefix):
                given = values != b"" if values.dtype == object else ~np.isnan(values)
                described |= given.reshape(len(ids), -1).any(axis=1)
        if about_user:
            described |= ids == b""  # somebody new may come without anything
        unknown = next((one for one in ids[~described] if not self._knows(asked, one)), None)
        if unknown is None:
            return
        if not about_user:
            raise self._unknown_item(name, unknown)
        raise ValueError(
            f"User {unknown.decode(errors='replace')!r} is not known to this export and brings no history: "
            "give history=[…], or leave user_id out to be answered as somebody new."
        )

    def _knows(self, asked: str, one: bytes) -> bool:
        """Whether there is such a user or item; the graph is asked once for each that is known."""
        import tensorflow as tf

        known = self._known[asked]
        if one in known:
            return True
        knows = self._model.knows_user if asked == "user_id" else self._model.knows_item
        if not knows(tf.constant([one])).numpy()[0]:
            return False
        if len(known) < _REMEMBERED:
            known.add(one)
        return True


def _infos(specs: dict[str, Any]) -> dict[str, TensorInfo]:
    return {name: TensorInfo(spec.dtype.name, tuple(spec.shape)) for name, spec in specs.items()}


def _version(folder: Path) -> Path:
    """The folder of one version.

    Raises:
        ValueError: there is none.
    """
    if (folder / "saved_model.pb").is_file():
        return folder
    if not folder.is_dir():
        beside = sorted(p.name for p in folder.parent.iterdir()) if folder.parent.is_dir() else []
        near = suggestion(folder.name, beside) if beside else ""
        raise ValueError(f"There is no folder {str(folder)!r}.{near} `tfmmrec export` makes one.")
    there = versions(folder)
    if not there:
        raise ValueError(
            f"There is no export in {str(folder)!r}: no saved_model.pb, and no version such as "
            f"{str(folder / '1')!r} that has one."
        )
    return there[max(there)]
