"""Sound: a clip, a spoken description."""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import keras

from tfmmrec.encoders import sequences
from tfmmrec.encoders.presets import frames_of_sound
from tfmmrec.encoders.sequences import SequenceEncoder
from tfmmrec.layers import check_augment
from tfmmrec.members import check_choice
from tfmmrec.modalities.clips import checked_clip
from tfmmrec.modalities.media import media_of
from tfmmrec.modalities.modality import Modality, Parts, Reject
from tfmmrec.modalities.pretrained import (
    check_preset,
    preset_of,
    pretrained_files,
    pretrained_state,
    with_network,
)
from tfmmrec.modalities.sound import bands, check_sound, waveform, whisper_frames
from tfmmrec.modalities.spectrogram_encoder import SpectrogramEncoder


@dataclass(frozen=True)
class Audio(Modality):
    """A mono clip as frames, of a log-mel spectrogram by default, under an encoder of sequences.

    The waveform is decoded, resampled, prepared and turned into frames (25 ms windows) by TensorFlow ops,
    the same in preparation and in the export. MP3, FLAC and Ogg files are decoded to WAV before, in
    preparation only: an export is asked with WAV.

    Args:
        column: a column of paths of WAV, MP3, FLAC or Ogg files below the data folder, or in its
            ``media.tar``. With `folder`, only the feature's name.
        seconds: how much of a clip is heard.
        segment: which part of a longer clip: ``"start"``, ``"middle"`` or ``"loudest"``.
        rate: samples per second everything is resampled to.
        prepare: what is done to the waveform before, in this order: ``"trim"`` (silence at both ends),
            ``"band"`` (what is beyond `low` and `high`), ``"pre_emphasis"``, ``"denoise"`` (spectral gating).
        low, high: hertz; 0 is no bound above.
        form: what a frame is: ``"log_mel"``, ``"spectrogram"`` (log magnitudes of all frequencies),
            ``"mfcc"`` (cepstral coefficients, Davis 1980) or ``"waveform"`` (the samples themselves).
        mels: mel bands.
        coefficients: of the cepstrum, from the first.
        normalise: whose mean over a clip is taken out of its frames: ``"clip"``, of all numbers together (how
            loud it is), or ``"bands"``, of each band (also what a voice or a microphone makes of every
            sound; of the cepstrum this is Atal's mean normalisation, 1974).
        frames: frames per second.
        stride: frames joined into one token.
        encoder: what reads the frames, of `tfmmrec.encoders.sequences`: ``"transformer"``,
            ``"convolution"``, ``"lstm"``, ``"gru"``, ``"text_cnn"``, ``"bag"``, or a dict of ``name`` and
            settings, such as of Whisper's encoder ``{"name": "backbone", "preset": "presets/whisper"}``, for
            which rate, frames, bands and stride are those that it was made for.
        layers: of the encoder, where it has layers.
        tokens: tokens handed to the fusion, read by attention; 0 hands over every one. A bag and a TextCNN
            hand over what they pool.
        dropout: the share of rows whose clip is hidden in training.
        folder: where the clip of each item or user is found by its id, as ``<id>.wav`` (or another format),
            instead of a column.
        augment: random changes in training, in this order: ``mask_time`` and ``mask_mel`` silence up to a
            fifth of the frames or of the mel bands (SpecAugment, Park 2019), ``shift_time`` and ``shift_mel``
            move the sound by up to a tenth of them, ``stretch_time`` and ``stretch_mel`` make it up to a
            fifth slower or faster, or its voice's vocal tract shorter or longer (VTLP, Jaitly 2013).
    """

    seconds: float = 2.0
    segment: str = "start"
    rate: int = 8_000
    prepare: tuple[str, ...] = ()
    low: float = 60.0
    high: float = 0.0
    form: str = "log_mel"
    mels: int = 32
    coefficients: int = 13
    normalise: str = "clip"
    frames: int = 40
    stride: int = 4
    encoder: str | dict[str, Any] = "transformer"
    layers: int = 1
    tokens: int = 4
    dropout: float = 0.1
    folder: str = ""
    augment: tuple[str, ...] = ()

    media: ClassVar[bool] = True
    searched: ClassVar[bool] = True
    decoded_by: ClassVar[tuple[str, ...]] = (
        *("seconds", "segment", "rate", "prepare", "low", "high"),
        *("form", "mels", "coefficients", "normalise", "frames", "stride", "preset"),
    )
    endings: ClassVar[tuple[str, ...]] = (".wav", ".flac", ".ogg", ".mp3")

    def __post_init__(self) -> None:
        super().__post_init__()
        check_augment(f"Audio({self.column!r})", "sound", self.augment)
        check_sound(f"Audio({self.column!r})", self.form, self.segment, self.prepare, self.normalise)
        if self.form == "mfcc" and not 0 < self.coefficients <= self.mels:
            raise ValueError(
                f"Audio({self.column!r}): coefficients are 1 or more and at most mels={self.mels}, got "
                f"{self.coefficients}."
            )
        what = f"Audio({self.column!r}): encoder"
        given = ("width", "length", "layers", "network")
        check_choice(sequences, SequenceEncoder, self.encoder, what, given)
        check_preset(what, self.encoder)

    @property
    def preset(self) -> str:
        """Of a pretrained encoder, which has frames of its own; or ``""``."""
        return preset_of(self.encoder)

    @property
    def bands(self) -> int:
        """Numbers of a frame."""
        return bands(self.form, self.rate, self.frames, self.mels, self.coefficients)

    @property
    def steps(self) -> int:
        """Frames of a whole clip: a multiple of `stride`."""
        return max(1, round(self.seconds * self.frames / self.stride)) * self.stride

    def raw(self, cells: Sequence[Any], folder: Path, reject: Reject) -> list[Any]:
        clips = []
        # a second more: all frames of a whole clip
        whole = self.segment != "start" or "trim" in self.prepare
        seconds = math.inf if whole else self.seconds + 1
        for row, cell in enumerate(cells):
            clip = b""
            try:
                for medium in media_of(cell, folder, folders=False)[:1]:
                    clip = checked_clip(medium.read(), seconds)
            except (ValueError, OSError) as error:
                reject(row, str(error))
            clips.append(clip)
        return clips

    def fit(self, values: Sequence[Any]) -> dict[str, Any]:
        return {}

    @property
    def files(self) -> tuple[str, ...]:
        return pretrained_files(self.encoder) if self.preset else ()

    def with_files(self, state: dict[str, Any], folder: Path) -> dict[str, Any]:
        """Adds what a pretrained encoder is made from.

        Raises:
            ValueError: its preset cannot be had.
        """
        if not self.preset:
            return state
        found = pretrained_state(f"Audio({self.column!r})", self.encoder, "sound", folder)
        found["network"] |= frames_of_sound(found.pop("where"))
        return {**state, **found}

    def _heard_by(self, network: dict[str, Any]) -> Audio:
        """As a pretrained encoder hears it."""
        own = {
            "rate": network["rate"],
            "frames": network["rate"] // network["stride"],
            "mels": network["mels"],
        }
        return replace(self, form="log_mel", stride=2, **own)

    def example(self, state: dict[str, Any]) -> bytes:
        """A tenth of a second of silence."""
        packed = io.BytesIO()
        with wave.open(packed, "wb") as clip:
            clip.setparams((1, 2, self.rate, 0, "NONE", "not compressed"))
            clip.writeframes(bytes(2 * (self.rate // 10)))
        return packed.getvalue()

    def preprocess(self, state: dict[str, Any]) -> Callable[[Any], Parts]:
        if "network" in state:
            return self._heard_by(state["network"])._frames(state["network"])
        return self._frames()

    def _frames(self, network: dict[str, Any] | None = None) -> Callable[[Any], Parts]:
        import tensorflow as tf

        hop = self.rate // self.frames
        window = max(hop, self.rate // 40)
        bins = 1 << (window - 1).bit_length()
        samples = (self.steps - 1) * hop + window
        mel = tf.signal.linear_to_mel_weight_matrix(
            self.mels, bins // 2 + 1, self.rate, 60.0, self.rate / 2
        ).numpy()

        def decode(contents: Any) -> tuple[Any, Any]:
            settings = (self.rate, self.prepare, self.low, self.high, samples, self.segment)
            sound, held = waveform(contents, *settings)
            return sound, tf.minimum((held + hop - 1) // hop, self.steps)

        def frames(sounds: Any) -> Any:
            if self.form == "waveform":
                return tf.signal.frame(sounds[:, : self.steps * hop], hop, hop)
            spectrum = tf.abs(tf.signal.stft(sounds, window, hop, bins))
            if self.form == "spectrogram":
                return tf.math.log(spectrum + 1e-3)
            return tf.math.log(tf.matmul(spectrum, mel) + 1e-3)

        def scaled(values: Any) -> Parts:
            sounds, heard = tf.map_fn(decode, values, fn_output_signature=(tf.float32, tf.int32))
            if network:
                found = whisper_frames(sounds[:, : self.steps * hop], **network)
                return {"frames": tf.cast(found, tf.float16), "heard": heard}
            found = frames(sounds)
            known = tf.cast(tf.sequence_mask(heard, self.steps), tf.float32)[..., None]
            there = tf.broadcast_to(known, tf.shape(found))

            def mean(values: Any, axes: list[int]) -> Any:
                total = tf.reduce_sum(values * known, axes, keepdims=True)
                return tf.math.divide_no_nan(total, tf.reduce_sum(there, axes, keepdims=True))

            # what is taken out is the clip's own, then a fixed scale: no statistic is needed
            found -= mean(found, [1] if self.normalise == "bands" else [1, 2])
            scale: Any = 2.0
            if self.form == "waveform":  # whose loudness is no sum, but a factor
                scale = tf.sqrt(mean(found**2, [1, 2]) + 1e-8)
            found /= scale
            if self.form == "mfcc":  # the first of them are larger: neighbouring bands are alike
                found = tf.signal.mfccs_from_log_mel_spectrograms(found)[..., : self.coefficients] / 2.0
            found = tf.clip_by_value(found, -4.0, 4.0) * known
            return {"frames": tf.cast(found, tf.float16), "heard": heard}

        return scaled

    def spec(self, state: dict[str, Any]) -> dict[str, tuple[tuple[int, ...], str]]:
        one = self._heard_by(state["network"]) if "network" in state else self
        return {"frames": ((one.steps, one.bands), "float16"), "heard": ((), "int32")}

    def make_encoder(self, width: int, state: dict[str, Any], name: str) -> keras.layers.Layer:
        one = self._heard_by(state["network"]) if "network" in state else self
        encoder = with_network(self.encoder, state)
        settings = (one.stride, width, encoder, self.layers, self.tokens, self.augment)
        return SpectrogramEncoder((one.steps, one.bands), *settings, start=state.get("start"), name=name)
