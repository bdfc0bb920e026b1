"""A feature's pretrained encoder: its files in the data folder, and what preparation learns of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from tfmmrec.encoders import presets, sequences
from tfmmrec.encoders.sequences import SequenceEncoder
from tfmmrec.members import chosen, find
from tfmmrec.modalities.media import below, file_below

_PRESET = (
    *("config.json", "model.weights.h5", "model.weights.json", "tokenizer.json"),
    *("image_converter.json", "audio_converter.json", "assets/tokenizer/vocabulary.txt"),
    *("assets/tokenizer/vocabulary.json", "assets/tokenizer/merges.txt", "assets/tokenizer/vocabulary.spm"),
)


def preset_of(choice: Any) -> str:
    """The preset that an encoder's choice names, or ``""``."""
    return str(chosen(choice).get("preset", ""))


def reads_of(choice: Any) -> str:
    """What an encoder of sequences reads: ``"vectors"`` or ``"content"``; see `SequenceEncoder`."""
    name = chosen(choice)["name"]
    encoder: Any = name if isinstance(name, type) else find(sequences, SequenceEncoder, name)
    return encoder.reads


def check_preset(what: str, choice: Any) -> None:
    """Checks that an encoder that reads content is a preset's.

    Raises:
        ValueError: it names no preset.
    """
    if reads_of(choice) == "content" and not preset_of(choice):
        raise ValueError(
            f"{what}: encoder {chosen(choice)['name']!r} is that of a preset; name one, as "
            '{"name": "backbone", "preset": "presets/bert"}.'
        )


def pretrained_files(choice: Any) -> tuple[str, ...]:
    """Files that an encoder is made from: of weights, or of a preset that is a folder."""
    preset, weights = preset_of(choice), chosen(choice).get("weights", "")
    if preset:
        return tuple(f"{preset}/{name}" for name in _PRESET)
    return (weights,) if weights not in ("", "imagenet") else ()


def pretrained_state(what: str, choice: Any, kind: str, folder: Path) -> dict[str, Any]:
    """What an encoder is made from, ``"network"``, and what its weights start from, ``"start"``.

    A file is told by its name below the data folder and the hash of what it holds.

    Args:
        what: whose it is, the beginning of a message.
        choice: the encoder.
        kind: what it reads; see `tfmmrec.encoders.presets`.
        folder: the data folder.

    Raises:
        ValueError: there is no such file or preset.
        ImportError: a preset is asked for, and keras-hub is not installed.
    """
    preset = preset_of(choice)
    if preset:
        local = None if "://" in preset else below(preset, folder)
        if local is not None and local.is_dir():
            where: str | Path = local
            start: Any = {"file": preset, "sha256": _sha256(local)}
        else:
            where, start = preset, {"download": preset}
        return {"network": presets.described(preset, where, kind), "start": start, "where": str(where)}
    for name in pretrained_files(choice):
        path = file_below(name, folder, f"{what}: file of weights")
        return {"start": {"file": name, "sha256": _sha256(path)}}
    return {"start": "imagenet"} if chosen(choice).get("weights") == "imagenet" else {}


def with_network(choice: Any, state: dict[str, Any]) -> Any:
    """The choice of an encoder with what preparation learnt of its preset."""
    return {**chosen(choice), "network": state["network"]} if "network" in state else choice


def _sha256(path: Path) -> str:
    """Of a file, or of a folder's files and their names."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for one in sorted(file for file in path.rglob("*") if file.is_file()):
        digest.update(f"{one.relative_to(path).as_posix()} {_sha256(one)}\n".encode())
    return digest.hexdigest()
