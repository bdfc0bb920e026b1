"""Networks that were trained on other texts and sounds: the contracts of their features."""

import numpy as np
import pytest

from contracts import ModalityContract
from contracts.samples import EXAMPLES, clip, tone
from encoders.tiny_presets import WORDS, save
from tfmmrec.modalities import Audio, Image, Text

pytest.importorskip("keras_hub")


class PresetContract(ModalityContract):
    """The data folder has the preset; in the contract weights begin at random."""

    @classmethod
    def cells(cls, folder):
        encoder = cls.component.encoder
        save(folder, encoder["preset"])
        return cls.contents(folder)

    @classmethod
    def built(cls, state, width):
        return super().built({key: value for key, value in state.items() if key != "start"}, width)


class TestPresetOfTexts(PresetContract):
    steps = 300  # its weights begin small
    component = Text(
        "plot",
        length=8,
        hide=0.0,
        encoder={"name": "backbone", "preset": "bert", "train": "fine_tune"},
    )

    @classmethod
    def contents(cls, folder):
        generator = np.random.default_rng(0)
        return [" ".join(generator.choice(WORDS, size=1 + i % 3)) for i in range(EXAMPLES)]

    def labels(self, generator):
        firsts = [WORDS.index(text.split()[0]) for text in self.contents(None)]
        return np.asarray([first % 2 for first in firsts])


class TestPresetOfSounds(PresetContract):
    steps = 300
    component = Audio(
        "clip",
        seconds=0.2,
        encoder={"name": "backbone", "preset": "whisper", "train": "fine_tune"},
    )

    @classmethod
    def contents(cls, folder):
        names = [f"{number}.wav" for number in range(EXAMPLES)]
        for number, name in enumerate(names):
            sound = tone(200 + 150 * number, 0.1 + 0.01 * (number % 5), 16_000)
            (folder / name).write_bytes(clip(sound, 16_000))
        return names

    def labels(self, generator):
        return (np.arange(EXAMPLES) < EXAMPLES // 2).astype(int)  # low tones and high ones

    def disturb(self, parts, generator):
        silent = np.arange(parts["frames"].shape[1]) >= parts["heard"][:, None]
        parts["frames"][silent] = generator.normal(size=parts["frames"][silent].shape)
        return parts


class TestPresetOfPictures(PresetContract):
    component = Image(
        "poster",
        height=16,
        width=16,
        encoder={"name": "backbone", "preset": "vit", "train": "fine_tune"},
    )

    @classmethod
    def contents(cls, folder):
        from PIL import Image as Pillow

        generator = np.random.default_rng(0)
        for number in range(EXAMPLES):
            pixels = generator.integers(0, 256, (16, 16, 3)).astype("uint8")
            Pillow.fromarray(pixels).save(folder / f"{number}.png")
        return [f"{number}.png" for number in range(EXAMPLES)]
