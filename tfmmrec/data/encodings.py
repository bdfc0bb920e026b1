"""The bytes of a table's file as UTF-8: unpacked, recoded, and marked where they are broken."""

from __future__ import annotations

import codecs
import gzip
import io
import re
from pathlib import Path
from typing import Any, BinaryIO, cast

MARK = 0x10FF00
"""A byte that is no text in the file's encoding is read as the character ``MARK + byte``: the last characters
of Unicode, set aside for private use. So every file can be read, and what is broken found afterwards."""

BROKEN = re.compile(f"[{chr(MARK)}-{chr(MARK + 255)}]")
"""Finds such characters."""

_SIGNS = {  # byte-order marks; the longer ones first: that of UTF-16 begins that of UTF-32
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def open_text(path: Path, encoding: str | None = None) -> BinaryIO:
    """A file's text as UTF-8 bytes without a byte-order mark, a few at a time; ``.gz`` is unpacked.

    Args:
        path: the file.
        encoding: what it is written in. None: what a byte-order mark says, or else UTF-8.
    """
    if encoding is None:
        with _unpacked(path) as file:
            beginning = file.read(4)
        encoding = next((name for sign, name in _SIGNS.items() if beginning.startswith(sign)), "utf-8")
    encoding = "utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding
    text = io.TextIOWrapper(_unpacked(path), encoding, "tfmmrec.mark", newline="")
    return cast(BinaryIO, io.BufferedReader(_Recoded(text), 1 << 20))


def readable(text: str) -> str:
    """Text with a question mark (U+FFFD) for each broken byte, to be shown."""
    return BROKEN.sub("\N{REPLACEMENT CHARACTER}", text)


def marked(contents: bytes) -> str:
    """Bytes as UTF-8 text, with marks for what is broken."""
    return contents.decode("utf-8", "tfmmrec.mark")


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(MARK + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("tfmmrec.mark", _mark)


def _unpacked(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix.lower() == ".gz" else path.open("rb")


class _Recoded(io.RawIOBase):
    """Text, read as UTF-8 bytes."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        super().__init__()
        self._text = text

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._text.read(max(1, len(buffer) // 4)).encode()  # a character is 4 bytes at most
        buffer[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._text.close()
        super().close()
