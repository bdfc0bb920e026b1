"""What the contracts' layers are given."""

import io
import json
import wave
from typing import Any

import keras
import numpy as np

EXAMPLES, WIDTH = 32, 8


def random(*shape: int, seed: int = 0) -> np.ndarray:
    """Standard normal float32."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def remade(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A layer made anew from its configuration, which passes through JSON as in a saved model."""
    plain = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    return keras.saving.deserialize_keras_object(plain)


NAMES = ["title", "poster", "price"]


def tokens_of(rows: int, seed: int = 0) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Tokens of three modalities; the first token of each is never masked."""
    generator = np.random.default_rng(seed)
    tokens = {}
    for name, count in zip(NAMES, (3, 2, 1), strict=True):
        mask = generator.random((rows, count)) < 0.5
        mask[:, 0] = True
        tokens[name] = (generator.normal(size=(rows, count, WIDTH)).astype("float32"), mask)
    return tokens


def token_inputs() -> dict[str, tuple[Any, Any]]:
    shapes = {name: mask.shape[1] for name, (_, mask) in tokens_of(1).items()}
    return {
        n: (keras.Input((count, WIDTH)), keras.Input((count,), dtype="bool")) for n, count in shapes.items()
    }


def clip(sound, rate=2000, width=2, channels=1):
    """A WAV file of numbers in [-1, 1]."""
    packed = io.BytesIO()
    with wave.open(packed, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        samples = (np.asarray(sound) * 32767).astype("<i2")
        file.writeframes(samples.tobytes() if width == 2 else (samples >> 8).astype("u1").tobytes())
    return packed.getvalue()


def tone(hertz, seconds=0.4, rate=2000):
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
