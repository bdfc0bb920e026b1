"""Bytes of sound files, checked and decoded to WAV."""

from __future__ import annotations

import io
import math
import wave

import numpy as np

RATES = (1_000, 4_000_000)
"""Samples per second of a clip, from … to …: of any recording, and of no broken header."""

_SILENT = 32  # of 65,536 steps between the loudest ups and downs: −66 dB, below any recording of a sound


def checked_wav(contents: bytes) -> bytes:
    """The bytes of a 16-bit PCM WAV file in which something can be heard, as they came.

    Raises:
        ValueError: they are something else, cut off, silent throughout, or of a rate beyond `RATES`.
    """
    try:
        with wave.open(io.BytesIO(contents)) as clip:
            bits, frames, rate = 8 * clip.getsampwidth(), clip.getnframes(), clip.getframerate()
            samples = clip.readframes(frames)
            held = len(samples) // (clip.getsampwidth() * clip.getnchannels())
    except (wave.Error, EOFError, RuntimeError) as error:  # RuntimeError: a part is longer than the whole
        raise ValueError(f"not a readable WAV file ({error or 'it ends too early'})") from error
    if bits != 16:
        raise ValueError(f"expected a 16-bit PCM WAV file, got {bits} bits; convert it to 16 bits")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(
            f"WAV file of {rate:,} samples per second: expected {RATES[0]:,} to {RATES[1]:,}; its header is "
            "wrong, or it is no sound"
        )
    if not held or held < frames:
        raise ValueError(f"WAV file is cut off: it promises {frames} samples and holds {held}")
    heights = np.frombuffer(samples, "<i2")
    if int(heights.max()) - int(heights.min()) <= _SILENT:
        raise ValueError("the clip is silent: nothing in it can be heard")
    return contents


def checked_clip(contents: bytes, seconds: float) -> bytes:
    """A clip as a 16-bit PCM WAV file: WAV as it came, the beginning of MP3, FLAC and Ogg decoded.

    Args:
        contents: a file's bytes.
        seconds: how much to decode; infinity is all.

    Raises:
        ValueError: it is something else, damaged, or silent throughout.
        ImportError: it is no WAV, and the extra ``audio`` is not installed.
    """
    if not contents.startswith((b"ID3", b"fLaC", b"OggS")) and contents[:1] != b"\xff":  # 0xff: a bare MP3
        return checked_wav(contents)
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: the library it wraps is missing
        raise ImportError(
            f"Clips in MP3, FLAC or Ogg are decoded by soundfile, which cannot be imported ({error}): "
            'pip install "tfmmrec[audio]", or convert them to 16-bit WAV.'
        ) from error
    try:
        with soundfile.SoundFile(io.BytesIO(contents)) as clip:
            rate = int(clip.samplerate)
            frames = math.ceil(seconds * rate) if math.isfinite(seconds) else -1
            sound = clip.read(frames=frames, dtype="float32", always_2d=True)
    except RuntimeError as error:
        raise ValueError(f"not a readable clip ({error})") from error
    packed = io.BytesIO()
    with wave.open(packed, "wb") as decoded:
        decoded.setparams((sound.shape[1], 2, rate, len(sound), "NONE", ""))
        decoded.writeframes((np.clip(sound, -1.0, 1.0) * 32767).astype("<i2").tobytes())
    return checked_wav(packed.getvalue())
