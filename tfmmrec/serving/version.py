"""One version of a served model: loaded, warmed, and asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tfmmrec.export.conventions import Names
from tfmmrec.modalities import Audio, Image, Video
from tfmmrec.modalities.clips import checked_wav
from tfmmrec.modalities.image import checked_image
from tfmmrec.schema import SIDES, Schema
from tfmmrec.serving.local import Served
from tfmmrec.serving.predictor import check_query
from tfmmrec.serving.rest import Arrays
from tfmmrec.serving.signature import TensorInfo


class Version:
    """An export in this process, as a server needs it.

    Args:
        folder: of the version: ``savedmodels/demo/1``.

    Attributes:
        folder, number: of the version.
        signatures: name → `Signature`.
        metadata: TensorFlow Serving's account of them: the SavedModel's own, as JSON values.

    Raises:
        ValueError: there is no export of ours, or it cannot be loaded.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, int(folder.name)
        try:
            self._served = Served(folder)
            self.metadata = _metadata(folder)
            self._media = _checks(Schema.from_dict(self._served.about["schema"]))
        except Exception as error:  # whatever half a copy or a broken file makes TensorFlow raise
            raise ValueError(f"{str(folder)!r} cannot be served: {str(error).strip()[:300]}") from error
        self.signatures = dict(sorted(self._served.signatures.items()))

    def warm(self) -> None:
        """Asks every signature once, for nobody: what TensorFlow puts off until then is done.

        Raises:
            ValueError: a signature does not answer.
        """
        for name, signature in self.signatures.items():
            nothing = {key: _nothing(info) for key, info in signature.inputs.items()}
            try:
                self.run(name, nothing)
            except Exception as error:
                raise ValueError(
                    f"{str(self.folder)!r} does not answer {name}: {str(error)[:300]}"
                ) from error

    def run(self, signature: str, inputs: Arrays) -> Arrays:
        """The model's answer.

        Raises:
            ValueError: it cannot read the inputs.
        """
        return self._served.answer(signature, inputs)

    def check(self, signature: str, inputs: Arrays, most_k: int) -> None:
        """Refuses what would fail its batch, or be answered for anybody.

        Pictures of a kind that the model does not read take their place in `inputs` as it does, as they did
        in training.

        Raises:
            ValueError: k is out of range, a medium is broken or unpacks to too much, nothing is looked
                for, or nothing is known of a user or an item.
        """
        if "k" in inputs:
            wrong = inputs["k"][(inputs["k"] < 1) | (inputs["k"] > most_k)]
            if len(wrong):
                raise ValueError(f"k is how many are wanted, from 1 to {most_k}; got {wrong[0]}.")
        for name, read in self._media.items():
            given = inputs[name].reshape(-1) if name in inputs else ()
            for place, contents in enumerate(given):
                if contents:
                    try:
                        inputs[name].flat[place] = read(contents)
                    except ValueError as error:
                        raise ValueError(f"{name}: {error}.") from error
        if signature == "search":
            check_query(inputs)
        self._served.check_known(signature, inputs)


def _metadata(folder: Path) -> dict[str, Any]:
    from google.protobuf.json_format import MessageToDict
    from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    saved = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    (graph,) = saved.meta_graphs
    described = {
        name: MessageToDict(
            definition, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        for name, definition in graph.signature_def.items()
    }
    return {"signature_def": {"signature_def": described}}


def _checks(schema: Schema) -> dict[str, Callable[[bytes], bytes]]:
    """What reads the medium of an input, by the input's name."""
    names = Names(schema)
    checks: dict[str, Callable[[bytes], bytes]] = {}
    for side in SIDES:
        for feature in schema.features(side):
            for kind, read in ((Image | Video, checked_image), (Audio, checked_wav)):
                if isinstance(feature, kind):
                    checks[names.inputs[side][feature.name]] = read
                    if side == "item" and feature.name in names.queries:
                        checks[names.queries[feature.name]] = read
    return checks


def _nothing(info: TensorInfo) -> np.ndarray:
    """One row of padding; k is 1."""
    value: Any = {"string": b"", "bool": False, "int32": 1}.get(info.dtype, np.nan)
    return np.full([size or 1 for size in info.shape], value, info.numpy)
