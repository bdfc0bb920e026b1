"""Examples as the peers of the input benchmark read them: Pillow, Python's words, NumPy's log-mel.

Runs in the peers' environments: numpy and pillow only. What is to be read stands in a description, JSON:
``rows`` (each with ``image``, ``clip``, ``texts`` and ``label``, where there are such), ``folder``, ``size``
of pictures, ``texts`` (each with ``length`` and ``terms``) and ``sound`` (``rate``, ``steps``, ``hop``,
``window``, ``bins``, ``mels``).
"""

import io
import json
import re
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

WORD = re.compile(r"[^\W_]+")
Spectrum = Callable[[np.ndarray], np.ndarray]


class Decoded:
    """Examples from their files: decoded, resized, tokenised, log-mel; index → arrays by name.

    Args:
        description: what to read.
        spectrum: sound ``[samples]`` → magnitudes ``[steps, bins // 2 + 1]``; NumPy's by default.
    """

    def __init__(self, description: dict[str, Any], spectrum: Spectrum | None = None) -> None:
        self.rows, self.folder = description["rows"], Path(description["folder"])
        self.size, self.sound = description["size"], description["sound"]
        self.texts = [
            (text["length"], {term: 2 + place for place, term in enumerate(text["terms"])})
            for text in description["texts"]
        ]
        if self.sound:
            self.mel = mel_matrix(self.sound["mels"], self.sound["bins"] // 2 + 1, self.sound["rate"])
            self.hann = hann(self.sound["window"])
        self.spectrum = spectrum or self.numpy_spectrum

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        row = self.rows[index]
        example = {"label": np.asarray(row["label"], "float32")}
        if self.size:
            example["pixels"], example["present"] = self.picture(row["image"])
        for number, text in enumerate(row["texts"]):
            example[f"tokens_{number}"] = self.tokens(text, *self.texts[number])
        if self.sound:
            example["frames"], example["heard"] = self.log_mel(row["clip"])
        return example

    def picture(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """uint8 ``[height, width, 3]``, zeros where there is none, and whether there is one."""
        height, width = self.size
        if not name:
            return np.zeros((height, width, 3), "uint8"), np.asarray(0, "int32")
        with Image.open(self.folder / name) as picture:
            small = picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
            return np.asarray(small).copy(), np.asarray(1, "int32")

    def tokens(self, text: str, length: int, terms: dict[str, int]) -> np.ndarray:
        """int32 ``[length]``: 0 is padding, 1 an unknown word."""
        words = WORD.findall(re.sub("['’]", "", text.lower()))[:length]
        found = np.zeros(length, "int32")
        found[: len(words)] = [terms.get(word, 1) for word in words]
        return found

    def log_mel(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """float16 ``[steps, mels]``, and how many of the steps are heard."""
        steps, hop, window = (self.sound[part] for part in ("steps", "hop", "window"))
        with wave.open(io.BytesIO((self.folder / name).read_bytes())) as clip:
            samples = np.frombuffer(clip.readframes(clip.getnframes()), "<i2").astype("float32") / 32768
        samples = samples[: (steps - 1) * hop + window]
        heard = min(-(-len(samples) // hop), steps)
        energy = np.log(self.spectrum(samples) @ self.mel + 1e-3)
        energy[:heard] -= energy[:heard].mean()
        energy = np.clip(energy / 2, -4, 4)
        energy[heard:] = 0
        return energy.astype("float16"), np.asarray(heard, "int32")

    def numpy_spectrum(self, samples: np.ndarray) -> np.ndarray:
        """Magnitudes of windows of the sound."""
        steps, hop, window = (self.sound[part] for part in ("steps", "hop", "window"))
        padded = np.zeros((steps - 1) * hop + window, "float32")
        padded[: len(samples)] = samples
        frames = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
        return np.abs(np.fft.rfft(frames * self.hann, self.sound["bins"])).astype("float32")


class Cached:
    """The same examples, decoded before: arrays that are mapped from disk; index → arrays by name."""

    def __init__(self, folder: Path) -> None:
        self.arrays = {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}

    def __len__(self) -> int:
        return len(self.arrays["label"])

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return {name: np.array(array[index]) for name, array in self.arrays.items()}


def keep(examples: Decoded, folder: Path) -> None:
    """Writes what `Cached` reads, outside of any measurement."""
    all_of_them = [examples[index] for index in range(len(examples))]
    for name in all_of_them[0]:
        np.save(folder / f"{name}.npy", np.stack([example[name] for example in all_of_them]))


def means(folder: Path) -> dict[str, float]:
    """Of the arrays' sizes, whatever their sign, by name: equal work has equal ones."""
    return {path.stem: float(np.abs(np.load(path).astype("float64")).mean()) for path in folder.glob("*.npy")}


def hann(window: int) -> np.ndarray:
    """The periodic one."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype("float32")


def mel_matrix(mels: int, bins: int, rate: int) -> np.ndarray:
    """``[bins, mels]``: triangles between 60 Hz and half the rate, on HTK's scale."""

    def mel(hertz: Any) -> Any:
        return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)

    edges = np.linspace(mel(60.0), mel(rate / 2), mels + 2)
    of_bins = mel(np.linspace(0.0, rate / 2, bins)[1:])[:, None]
    rising = (of_bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - of_bins) / (edges[2:] - edges[1:-1])
    return np.pad(np.maximum(0, np.minimum(rising, falling)), [[1, 0], [0, 0]]).astype("float32")


def description(path: str) -> dict[str, Any]:
    """Reads one."""
    return json.loads(Path(path).read_text("utf-8"))
