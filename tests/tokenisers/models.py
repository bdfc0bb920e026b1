"""SentencePiece's model files, written by hand: a protocol buffer of a few fields."""

import struct
from collections.abc import Iterable

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


def model(
    pieces: Iterable[tuple[str, float, int]],
    kind: int = 1,
    normaliser: str = "identity",
    prefix: bool = True,
) -> bytes:
    """Pieces with score and type; the kind is 1 for unigram, 2 for pairs."""
    packed, pieces = b"", list(pieces)
    for piece, score, what in pieces:
        told = _field(1, piece.encode()) + b"\x15" + struct.pack("<f", score) + b"\x18" + bytes([what])
        packed += _field(1, told)
    bytes_too = any(what == BYTE for *_, what in pieces)
    packed += _field(2, b"\x18" + bytes([kind]) + b"\x98\x02" + bytes([bytes_too]))
    return packed + _field(3, _field(1, normaliser.encode()) + b"\x18" + bytes([prefix]))


def _field(number: int, value: bytes) -> bytes:
    size, length = b"", len(value)
    while True:
        size += bytes([length & 127 | (128 if length > 127 else 0)])
        length >>= 7
        if not length:
            return bytes([number << 3 | 2]) + size + value
