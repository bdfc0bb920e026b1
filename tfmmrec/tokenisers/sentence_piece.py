"""SentencePiece's model files, read without its library: a few fields of a protocol buffer."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
"""What a piece is."""

_KINDS = {1: "unigram", 2: "bpe", 3: "word", 4: "char"}


@dataclass
class SentencePieceModel:
    """What a model file holds.

    Attributes:
        pieces: by number.
        scores: log probabilities, or of pairs the order in which they are joined, negative.
        types: what each piece is.
        kind: ``"unigram"``, ``"bpe"``, ``"word"`` or ``"char"``.
        prefix: whether a space is put before the text.
        normaliser: the name of its normal form, such as ``"nmt_nfkc"`` or ``"identity"``.
    """

    pieces: list[str] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    types: list[int] = field(default_factory=list)
    kind: str = "unigram"
    prefix: bool = True
    normaliser: str = "identity"

    @property
    def normalises(self) -> bool:
        """Whether compatibility forms are plain ones."""
        return "nfk" in self.normaliser

    @property
    def unknown(self) -> str:
        """The unknown piece."""
        return next(piece for piece, kind in zip(self.pieces, self.types, strict=True) if kind == UNKNOWN)

    def usable(self, without: set[int]) -> Iterator[float | None]:
        """The scores; None of the unknown piece and of those that are one of these."""
        for score, kind in zip(self.scores, self.types, strict=True):
            yield None if kind == UNKNOWN or kind in without else score


def read_model(path: Path) -> SentencePieceModel:
    """Reads a ``.model`` file.

    Raises:
        ValueError: it is none.
    """
    return parse_model(path.read_bytes(), path.name)


def parse_model(contents: bytes, name: str) -> SentencePieceModel:
    """Reads what a ``.model`` file holds; the name is for messages.

    Raises:
        ValueError: it is none.
    """
    model = SentencePieceModel()
    try:
        for number, value in _fields(contents):
            if number == 1:
                piece = dict(_fields(value))
                model.pieces.append(piece[1].decode())
                model.scores.append(struct.unpack("<f", piece.get(2, bytes(4)))[0])
                model.types.append(piece.get(3, NORMAL))
            elif number == 2:
                model.kind = _KINDS[dict(_fields(value)).get(3, 1)]
            elif number == 3:
                normaliser = dict(_fields(value))
                model.normaliser = normaliser.get(1, b"").decode() or "identity"
                model.prefix = bool(normaliser.get(3, 1))
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error) as error:
        raise ValueError(
            f"File of pieces {name!r} is no SentencePiece model ({error}); a list of pieces and their "
            "log probabilities must end in .vocab."
        ) from error
    if UNKNOWN not in model.types:
        raise ValueError(f"File of pieces {name!r} is no SentencePiece model: it has no unknown piece.")
    return model


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: an int, or bytes (of a fixed size or of any)."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        value: Any
        if kind == 0:
            value, at = _varint(message, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = message[at : at + size], at + size
        elif kind == 2:
            size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
        else:
            raise ValueError(f"field of kind {kind}")
        if at > len(message):
            raise ValueError("it is cut off")
        yield key >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
