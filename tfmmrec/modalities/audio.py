"""Sound: a clip, a spoken description."""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops

from tfmmrec.layers import Augment, Summary, TransformerBlock, check_augment
from tfmmrec.modalities.media import media_of
from tfmmrec.modalities.modality import Modality, Parts, Reject

_SILENT = 32  # of 65,536 steps between the loudest ups and downs: −66 dB, below any recording of a sound


def checked_wav(contents: bytes) -> bytes:
    """The bytes of a 16-bit PCM WAV file in which something can be heard, as they came.

    Raises:
        ValueError: they are something else, cut off, or silent throughout.
    """
    try:
        with wave.open(io.BytesIO(contents)) as clip:
            bits, frames = 8 * clip.getsampwidth(), clip.getnframes()
            samples = clip.readframes(frames)
            held = len(samples) // (clip.getsampwidth() * clip.getnchannels())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a readable WAV file ({error or 'it ends too early'})") from error
    if bits != 16:
        raise ValueError(f"expected a 16-bit PCM WAV file, got {bits} bits; convert it to 16 bits")
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
        seconds: how much to decode.

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
            sound = clip.read(frames=math.ceil(seconds * rate), dtype="float32", always_2d=True)
    except RuntimeError as error:
        raise ValueError(f"not a readable clip ({error})") from error
    packed = io.BytesIO()
    with wave.open(packed, "wb") as decoded:
        decoded.setparams((sound.shape[1], 2, rate, len(sound), "NONE", ""))
        decoded.writeframes((np.clip(sound, -1.0, 1.0) * 32767).astype("<i2").tobytes())
    return checked_wav(packed.getvalue())


@dataclass(frozen=True)
class Audio(Modality):
    """A mono clip as a log-mel spectrogram under a small Transformer encoder.

    The waveform is decoded, resampled and turned into log-mel frames (25 ms windows) by TensorFlow ops,
    the same in preparation and in the export. MP3, FLAC and Ogg files are decoded to WAV before, in
    preparation only: an export is asked with WAV.

    Args:
        column: a column of paths of WAV, MP3, FLAC or Ogg files below the data folder, or in its
            ``media.tar``. With `folder`, only the feature's name.
        seconds: how much of a clip is heard, from its beginning.
        rate: samples per second everything is resampled to.
        mels: mel bands.
        frames: frames per second.
        stride: frames joined into one token.
        layers: Transformer blocks.
        tokens: tokens handed to the fusion, read by attention; 0 hands over every one.
        dropout: the share of rows whose clip is hidden in training.
        folder: where the clip of each item or user is found by its id, as ``<id>.wav`` (or another format),
            instead of a column.
        augment: random changes in training, in this order: ``mask_time`` and ``mask_mel`` silence up to a
            fifth of the frames or of the mel bands (SpecAugment, Park 2019), ``shift_time`` and ``shift_mel``
            move the sound by up to a tenth of them.
    """

    seconds: float = 2.0
    rate: int = 8_000
    mels: int = 32
    frames: int = 40
    stride: int = 4
    layers: int = 1
    tokens: int = 4
    dropout: float = 0.1
    folder: str = ""
    augment: tuple[str, ...] = ()

    media: ClassVar[bool] = True
    decoded_by: ClassVar[tuple[str, ...]] = ("seconds", "rate", "mels", "frames", "stride")
    endings: ClassVar[tuple[str, ...]] = (".wav", ".flac", ".ogg", ".mp3")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_augment(f"Audio({self.column!r})", "sound", self.augment)

    @property
    def in_table(self) -> bool:
        return not self.folder

    @property
    def steps(self) -> int:
        """Log-mel frames of a whole clip: a multiple of `stride`."""
        return max(1, round(self.seconds * self.frames / self.stride)) * self.stride

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        clips = []
        for row, cell in enumerate(cells):
            clip = b""
            try:
                for medium in media_of(cell, folder)[:1]:
                    clip = checked_clip(medium.read(), self.seconds + 1)  # all frames of a whole clip
            except (ValueError, OSError) as error:
                reject(row, str(error))
            clips.append(clip)
        return clips

    def fit(self, values: Sequence[Any]) -> dict[str, Any]:
        return {}

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        import tensorflow as tf

        hop = self.rate // self.frames
        window = max(hop, self.rate // 40)
        bins = 1 << (window - 1).bit_length()
        samples = (self.steps - 1) * hop + window
        mel = tf.signal.linear_to_mel_weight_matrix(
            self.mels, bins // 2 + 1, self.rate, 60.0, self.rate / 2
        ).numpy()

        def decode(contents: Any) -> tuple[Any, Any]:
            def clip() -> tuple[Any, Any]:
                sound, rate = tf.audio.decode_wav(contents)
                sound = tf.reduce_mean(sound, axis=-1)
                seconds = tf.cast(tf.shape(sound)[0], tf.float32) / tf.cast(rate, tf.float32)
                size = tf.maximum(tf.cast(tf.round(seconds * self.rate), tf.int32), 1)
                as_picture = sound[None, :, None]  # linear interpolation, the one resampler of the core ops
                sound = tf.cond(
                    rate == self.rate,
                    lambda: sound,
                    lambda: tf.image.resize(as_picture, (1, size), antialias=True)[0, :, 0],
                )[:samples]
                held = tf.shape(sound)[0]
                heard = tf.minimum((held + hop - 1) // hop, self.steps)
                return tf.pad(sound, [[0, samples - held]]), heard

            sound, heard = tf.cond(contents == b"", lambda: (tf.zeros(samples), tf.constant(0)), clip)
            return tf.ensure_shape(sound, [samples]), heard

        def log_mel(values: Any) -> Parts:
            sounds, heard = tf.map_fn(decode, values, fn_output_signature=(tf.float32, tf.int32))
            spectrum = tf.abs(tf.signal.stft(sounds, window, hop, bins))
            energy = tf.math.log(tf.matmul(spectrum, mel) + 1e-3)
            # loudness is taken out per clip, then a fixed scale: no statistic is needed
            known = tf.cast(tf.sequence_mask(heard, self.steps), tf.float32)[..., None]
            count = tf.maximum(tf.reduce_sum(known, 1, keepdims=True) * self.mels, 1.0)
            mean = tf.reduce_sum(energy * known, [1, 2], keepdims=True) / count
            energy = tf.clip_by_value((energy - mean) / 2.0, -4.0, 4.0) * known
            return {"frames": tf.cast(energy, tf.float16), "heard": heard}

        return log_mel

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        return {"frames": ((self.steps, self.mels), "float16"), "heard": ((), "int32")}

    def encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        shape = (self.steps, self.mels)
        settings = (self.stride, width, self.layers, self.tokens, self.augment)
        return SpectrogramEncoder(shape, *settings, name=name)


@keras.saving.register_keras_serializable("tfmmrec")
class SpectrogramEncoder(keras.layers.Layer):
    """Two convolutions over log-mel frames + MultiHeadAttention blocks (as Whisper's, Radford 2022).

    The convolutions hear what changes within a few frames, which attention alone finds late in small
    catalogues.

    Call: ``{"frames": float [B, S, mels], "heard": int [B]} → ([B, T, D], mask [B, T])``.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        stride: int,
        width: int,
        layers: int,
        tokens: int,
        augment: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.augment = Augment("sound", augment, name="augment")
        self.frames_shape, self.stride = tuple(shape), stride
        self.width, self.layers, self.tokens = width, layers, tokens
        self.groups = shape[0] // stride
        same: dict[str, Any] = {"padding": "same", "activation": "gelu"}
        self.first = keras.layers.Conv1D(width, 5, name="first", **same)
        self.second = keras.layers.Conv1D(width, 2 * stride + 1, stride, name="second", **same)
        self.blocks = [TransformerBlock(width, name=f"block_{i}") for i in range(layers)]
        self.summary = Summary(tokens, width, name="summary") if tokens else None

    def build(self, *_: Any) -> None:
        self.first.build((None, *self.frames_shape))
        self.second.build((None, self.frames_shape[0], self.width))
        self.position = self.add_weight(
            shape=(self.groups, self.width),
            initializer=keras.initializers.RandomNormal(stddev=0.05),
            name="position",
        )
        for block in self.blocks:
            block.build((None, self.groups, self.width))
        if self.summary:
            self.summary.build((None, self.groups, self.width))

    def call(self, parts: Parts, training: bool | None = None) -> tuple[Any, Any]:
        heard = ops.expand_dims(parts["heard"], -1)
        mask = ops.arange(self.groups) * self.stride < heard
        known = ops.expand_dims(ops.arange(self.frames_shape[0]) < heard, -1)
        frames = self.augment(parts["frames"], training=training)
        x = ops.where(known, frames, ops.zeros_like(frames))
        x = self.second(self.first(ops.cast(x, self.compute_dtype)))
        x = x + ops.cast(self.position, x.dtype)
        for block in self.blocks:
            x = block(x, mask, training=training)
        return self.summary(x, mask, training=training) if self.summary else (x, mask)

    def compute_output_shape(self, shapes: dict[str, tuple[int | None, ...]]) -> tuple[Any, Any]:
        rows, count = shapes["heard"][0], self.tokens or self.groups
        return (rows, count, self.width), (rows, count)

    def get_config(self) -> dict[str, Any]:
        mine = {name: getattr(self, name) for name in ("stride", "width", "layers", "tokens")}
        return {**super().get_config(), **mine, "shape": self.frames_shape, "augment": self.augment.names}
