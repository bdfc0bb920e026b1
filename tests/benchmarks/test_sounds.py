"""Support vectors of the cepstrum beside results of sounds."""

import wave

import numpy as np
import pytest

from benchmarks.quality.sounds import Sounds
from tfmmrec.data import load
from tfmmrec.evaluation import evaluate
from tfmmrec.modalities import Audio
from tfmmrec.schema import Schema
from tfmmrec.tasks import Multiclass

SCHEMA = Schema(
    user_id=None,
    item=[Audio("clip", seconds=0.5)],
    tasks=[Multiclass("ends")],
    tables={"events": "items.csv"},
)


@pytest.fixture
def data(tmp_path):
    """Clips of any length that begin low and end high, or the other way round: only the order tells them."""
    generator = np.random.default_rng(0)
    lines = ["item_id,clip,ends,split"]
    for row in range(60):
        high = generator.integers(0, 2)
        tones = (300, 2000) if high else (2000, 300)
        half = np.arange(generator.integers(800, 1600)) / 8000
        samples = np.concatenate([np.sin(2 * np.pi * tone * half) for tone in tones])
        samples = samples * 8000 + generator.normal(0, 200, len(samples))
        with wave.open(str(tmp_path / f"{row}.wav"), "wb") as clip:
            clip.setparams((1, 2, 8000, 0, "NONE", ""))
            clip.writeframes(samples.astype("<i2").tobytes())
        split = ("train", "train", "valid", "test")[row % 4]
        lines.append(f"i{row},{row}.wav,{('low', 'high')[high]},{split}")
    (tmp_path / "items.csv").write_text("\n".join(lines) + "\n")
    return load(tmp_path, SCHEMA, split="column")


def test_sounds_and_their_order_are_heard(data):
    results = evaluate(Sounds(data, strength=10), data.test)
    assert results.metrics["ends.accuracy"] == 1
    np.testing.assert_allclose(results.answers["ends"].predictions.sum(axis=1), 1, atol=1e-6)


def test_silence_and_the_shortest_sound_are_answered(data):
    data.items["clip"]["heard"][data.events.item[data.test.rows[:2]]] = (0, 1)
    answers = evaluate(Sounds(data), data.test).answers["ends"].predictions
    assert np.isfinite(answers).all()
