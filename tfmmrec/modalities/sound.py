"""Waveforms cleaned and turned into frames, in TensorFlow ops: the same in preparation and in an export."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfmmrec.members import suggestion
from tfmmrec.modalities.clips import RATES

FORMS = ("log_mel", "spectrogram", "mfcc", "waveform")
SEGMENTS = ("start", "middle", "loudest")
NORMALISATIONS = ("clip", "bands")
PREPARATIONS = ("trim", "band", "pre_emphasis", "denoise")

_QUIET = 1e-4  # −40 dB of the loudest frame's energy: silence, to `trim`
_EMPHASIS = 0.97
_NOISE = 10  # the tenth part of frames that is quietest in a band tells its noise


def waveform(
    contents: Any, rate: int, prepare: tuple[str, ...], low: float, high: float, samples: int, which: str
) -> tuple[Any, Any]:
    """A WAV file's bytes → float32 ``[samples]``, resampled, `prepared`, its `segment`; how many are heard.

    The rest is silence, as all of ``b""`` is. A file whose rate is beyond `RATES` fails, as a broken one
    does: resampled, a few of its samples could take all the memory there is.
    """
    import tensorflow as tf

    # what is heard depends on nothing behind it: that need not be resampled
    beginning = which == "start" and set(prepare) <= {"pre_emphasis"}

    def clip() -> tuple[Any, Any]:
        sound, own_rate = tf.audio.decode_wav(contents)
        told = f"expected a WAV file of {RATES[0]:,} to {RATES[1]:,} samples per second, got"
        tf.debugging.Assert((own_rate >= RATES[0]) & (own_rate <= RATES[1]), [told, own_rate])
        sound = tf.reduce_mean(sound, axis=-1)
        sound = tf.cond(own_rate == rate, lambda: sound, lambda: resampled(sound, own_rate))
        sound = segment(prepared(sound, prepare, rate, low, high), samples, which)
        held = tf.shape(sound)[0]
        return tf.pad(sound, [[0, samples - held]]), held

    def resampled(sound: Any, own_rate: Any) -> Any:
        given = tf.cast(tf.shape(sound)[0], tf.float32)
        size = tf.maximum(tf.round(given / tf.cast(own_rate, tf.float32) * rate), 1)
        wanted = tf.minimum(size, samples) if beginning else size
        # as a picture of one row: linear interpolation, the one resampler of the core ops
        return tf.raw_ops.ScaleAndTranslate(
            images=sound[None, None, :, None],
            size=tf.stack([1, tf.cast(wanted, tf.int32)]),
            scale=tf.stack([1.0, size / given]),
            translation=[0.0, 0.0],
            kernel_type="triangle",
            antialias=True,
        )[0, 0, :, 0]

    sound, held = tf.cond(contents == b"", lambda: (tf.zeros(samples), tf.constant(0)), clip)
    return tf.ensure_shape(sound, [samples]), held


def prepared(sound: Any, names: tuple[str, ...], rate: int, low: float, high: float) -> Any:
    """A waveform float32 ``[n]`` after these preparations, in this order; it may be shorter then.

    * ``"trim"``: without the silence at both ends, 40 dB below the loudest 25 ms.
    * ``"band"``: without what is below `low` or above `high` hertz.
    * ``"pre_emphasis"``: ``x[t] − 0.97 x[t − 1]``, which lifts high frequencies (as HTK, Young 1994).
    * ``"denoise"``: spectral gating (Boll 1979): of each frequency twice the noise is subtracted, which is
      what its quietest tenth of frames has.
    """
    import tensorflow as tf

    if names:  # a clip of no samples has one, which is silent
        sound = tf.pad(sound, [[0, tf.maximum(1 - tf.shape(sound)[0], 0)]])
    for name in names:
        if name == "band":
            sound = _band(sound, rate, low, high)
        else:
            sound = {"trim": _trim, "pre_emphasis": _pre_emphasis, "denoise": _denoise}[name](sound, rate)
    return sound


def _trim(sound: Any, rate: int) -> Any:
    import tensorflow as tf

    size = max(1, rate // 40)
    energy = tf.reduce_mean(tf.signal.frame(sound, size, size, pad_end=True) ** 2, axis=-1)
    loud = tf.where(energy >= _QUIET * tf.reduce_max(energy))[:, 0]
    return sound[tf.reduce_min(loud) * size : (tf.reduce_max(loud) + 1) * size]


def _band(sound: Any, rate: int, low: float, high: float) -> Any:
    import tensorflow as tf

    size = tf.shape(sound)[0]
    spectrum = tf.signal.rfft(sound)
    hertz = tf.range(size // 2 + 1) * rate / size
    kept = tf.cast((hertz >= low) & (hertz <= (high or math.inf)), tf.complex64)
    return tf.signal.irfft(spectrum * kept, [size])


def _pre_emphasis(sound: Any, rate: int) -> Any:
    import tensorflow as tf

    return tf.concat([sound[:1], sound[1:] - _EMPHASIS * sound[:-1]], axis=0)


def _denoise(sound: Any, rate: int) -> Any:
    import tensorflow as tf

    size = tf.shape(sound)[0]
    hop = max(1, rate // 160)  # four windows of 25 ms overlap
    window, bins = 4 * hop, 1 << (4 * hop - 1).bit_length()
    padded = tf.pad(sound, [[window, 2 * window]])
    spectrum = tf.signal.stft(padded, window, hop, bins)
    loud = tf.abs(spectrum)
    inside = tf.sort(loud[4 : 4 + tf.maximum(size // hop, 1)], axis=0)  # frames of the sound, not of padding
    noise = inside[tf.shape(inside)[0] // _NOISE]
    gate = tf.maximum(loud - 2 * noise, 0.0) / tf.maximum(loud, 1e-9)
    inverse = tf.signal.inverse_stft_window_fn(hop)
    kept = tf.signal.inverse_stft(spectrum * tf.cast(gate, tf.complex64), window, hop, bins, inverse)
    return kept[window : window + size]


def whisper_frames(sounds: Any, rate: int, bins: int, stride: int, mels: int, **_: Any) -> Any:
    """Waveforms ``[B, n]`` → log-mel frames ``[B, n / stride, mels]`` as Whisper hears them (Radford 2022).

    Energies of `mels` bands from 0 to 8,000 hertz, log to the base of 10, nothing more than 8 below the
    clip's highest, ``(x + 4) / 4``.
    """
    import tensorflow as tf

    sounds = tf.pad(sounds, [[0, 0], [bins // 2, bins // 2]], mode="REFLECT")
    energy = tf.abs(tf.signal.stft(sounds, bins, stride, bins))[:, :-1] ** 2
    heard = tf.matmul(energy, tf.constant(_slaney_bands(rate, bins, mels)))
    loud = tf.math.log(tf.maximum(heard, 1e-10)) / math.log(10)
    return (tf.maximum(loud, tf.reduce_max(loud, [1, 2], keepdims=True) - 8) + 4) / 4


def _slaney_bands(rate: int, bins: int, mels: int) -> np.ndarray:
    """float32 ``[bins / 2 + 1, mels]``: triangles of equal area on a scale that is linear up to 1,000 hertz.

    Beyond it 27 steps multiply a frequency by 6.4 (Slaney 1998, "Auditory toolbox").
    """
    highest = 15 + 27 * math.log(8_000 / 1_000) / math.log(6.4)
    steps = np.linspace(0, highest, mels + 2)
    hertz = np.where(steps < 15, steps * 200 / 3, 1_000 * 6.4 ** ((steps - 15) / 27))
    of_bins = np.arange(bins // 2 + 1)[:, None] * rate / bins
    low, middle, high = hertz[:-2], hertz[1:-1], hertz[2:]
    rising, falling = (of_bins - low) / (middle - low), (high - of_bins) / (high - middle)
    return (np.maximum(0, np.minimum(rising, falling)) * 2 / (high - low)).astype("float32")


def segment(sound: Any, samples: int, which: str) -> Any:
    """At most `samples` of a waveform ``[n]``: its ``"start"``, ``"middle"``, or ``"loudest"`` part."""
    import tensorflow as tf

    spare = tf.maximum(tf.shape(sound)[0] - samples, 0)
    if which == "middle":
        sound = sound[spare // 2 :]
    elif which == "loudest":
        energy = tf.cumsum(tf.pad(tf.cast(sound, tf.float64) ** 2, [[1, 0]]))
        of_each = energy[-(spare + 1) :] - energy[: spare + 1]  # of the part that begins at each sample
        sound = sound[tf.argmax(of_each, output_type=tf.int32) :]
    return sound[:samples]


def bands(form: str, rate: int, frames: int, mels: int, coefficients: int) -> int:
    """Numbers of a frame of a form."""
    hop = rate // frames
    spectrum = (1 << (max(hop, rate // 40) - 1).bit_length()) // 2 + 1
    return {"log_mel": mels, "spectrogram": spectrum, "mfcc": coefficients, "waveform": hop}[form]


def check_sound(feature: str, form: str, which: str, names: Any, normalised: str) -> None:
    """Checks the settings that have names.

    Raises:
        ValueError: one is unknown, and the message lists what there is; or a waveform, which has no bands, is
            to lose the mean of each.
    """
    if isinstance(names, str):
        raise ValueError(f"{feature}: prepare is a list such as {list(PREPARATIONS)[:2]}, got {names!r}.")
    for what, name, known in (
        ("form", form, FORMS),
        ("segment", which, SEGMENTS),
        ("normalisation", normalised, NORMALISATIONS),
        *(("preparation", name, PREPARATIONS) for name in names),
    ):
        if name not in known:
            raise ValueError(f"{feature}: there is no {what} {name!r}.{suggestion(name, known)}")
    if (form, normalised) == ("waveform", "bands"):
        raise ValueError(
            f"{feature}: a waveform has no bands whose mean could be taken out; choose normalise='clip', or "
            "another form."
        )
