"""A PyTorch DataLoader that reads what a description says; runs in an environment of its own.

``python torch_input.py DESCRIPTION.json`` needs torch, numpy and pillow, and prints a line of JSON: examples
per second ``cold`` (from the files) and ``cached`` (from arrays decoded before), and the arrays' means. A
Dataset of examples, shuffled, with the default collation and worker processes.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from input_examples import Cached, Decoded, description, keep, means
from torch.utils.data import DataLoader


class TorchSpectrum:
    """Magnitudes by ``torch.stft``, which centres the window in the FFT's length: hence the lead."""

    def __init__(self, sound: dict[str, Any]) -> None:
        self.sound, self.window = sound, torch.hann_window(sound["window"])

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        steps, hop, bins = (self.sound[part] for part in ("steps", "hop", "bins"))
        lead = (bins - self.sound["window"]) // 2
        padded = torch.zeros((steps - 1) * hop + bins)
        padded[lead : lead + len(samples)] = torch.from_numpy(samples)
        spectrum = torch.stft(
            padded, bins, hop, self.sound["window"], self.window, center=False, return_complex=True
        )
        return spectrum.abs().T.numpy()


def rate(dataset: Any, asked: dict[str, Any], passes: int) -> float:
    """Examples per second, the start of the workers included."""
    workers = asked["workers"]
    loader = DataLoader(
        dataset, asked["batch"], shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
    began, seen = time.perf_counter(), 0
    for _ in range(passes):
        for batch in loader:
            seen += len(batch["label"])
    return seen / (time.perf_counter() - began)


def main() -> None:
    """Reads, and says how fast."""
    asked = description(sys.argv[1])
    torch.set_num_threads(1)  # of each worker
    decoded = Decoded(asked, TorchSpectrum(asked["sound"]) if asked["sound"] else None)
    found: dict[str, Any] = {"cold": rate(decoded, asked, 1)}
    with tempfile.TemporaryDirectory() as aside:
        keep(decoded, Path(aside))
        found["cached"] = rate(Cached(Path(aside)), asked, asked["passes"])
        print(json.dumps({**found, "means": means(Path(aside))}))


if __name__ == "__main__":
    main()
