"""Audio: WAV files, log-mel frames; the contract."""

import io
import sys
import wave
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES, clip, tone
from tfmmrec.modalities import Audio
from tfmmrec.modalities.clips import checked_clip, checked_wav

SMALL = Audio("sound", seconds=0.4, rate=2000, mels=6, frames=20, stride=2, tokens=2)


def heard(clips):
    return preprocessed(SMALL, {}, clips)


class TestAudio(ModalityContract):
    component = SMALL
    steps = 200

    @classmethod
    def cells(cls, folder):
        generator = np.random.default_rng(0)
        for i in range(EXAMPLES):
            # two tones one after the other; every fourth clip is shorter than what is heard
            one, other = generator.uniform(80, 900, 2)
            length = 0.1 if i % 4 == 0 else 0.2
            (folder / f"{i}.wav").write_bytes(clip(np.concatenate([tone(one, length), tone(other, length)])))
        return [f"{i}.wav" for i in range(EXAMPLES)]

    def disturb(self, parts, generator):
        frames = parts["frames"]
        beyond = np.arange(frames.shape[1]) >= parts["heard"][:, None]
        frames[beyond] = np.where(generator.random((beyond.sum(), 1)) < 0.5, np.nan, 9.0)
        return parts


def test_a_tone_is_loudest_in_its_band():
    low, high = (heard([clip(tone(hertz))])["frames"][0] for hertz in (100, 900))
    bands = [frames[1:-1].mean(axis=0).argmax() for frames in (low, high)]
    assert bands == [0, 5]


def test_loudness_does_not_matter():
    quiet, loud = (heard([clip(tone(300) * by)])["frames"] for by in (0.5, 1.9))
    assert np.abs(quiet - loud).mean() < 0.1  # and not log(3.8) / 2, the difference of their energies


def test_each_band_can_lose_its_own_mean_and_with_it_what_a_filter_makes_of_every_sound():
    sound = np.concatenate([tone(hertz, 0.1) for hertz in (150, 600, 150, 900)])
    sound = sound + 0.01 * np.random.default_rng(0).normal(size=len(sound))
    clips = [clip(sound), clip(np.append(sound[0], sound[1:] - 0.8 * sound[:-1]))]  # less of what is low
    of_clip, of_bands = (
        preprocessed(replace(SMALL, normalise=by), {}, clips)["frames"].astype("float32")
        for by in ("clip", "bands")
    )
    np.testing.assert_allclose(of_bands.mean(axis=1), 0, atol=0.01)
    assert np.abs(of_clip.mean(axis=1)).max() > 0.3
    np.testing.assert_allclose(of_clip.mean(axis=(1, 2)), 0, atol=0.01)
    plain, filtered = (np.abs(frames[0] - frames[1]).mean() for frames in (of_clip, of_bands))
    assert filtered < plain / 3


def test_what_is_heard_is_counted_in_frames():
    sounds = [tone(300, seconds) for seconds in (0.05, 0.2, 0.4, 2.0)]
    parts = heard([*map(clip, sounds), b""])
    assert parts["heard"].tolist() == [1, 4, 8, 8, 0]
    frames = parts["frames"]
    assert not frames[0, 1:].any() and not frames[4].any()  # beyond the end and where there is no clip
    np.testing.assert_array_equal(frames[3], frames[2])  # the beginning is heard


def test_other_rates_and_channels_sound_alike():
    mono = clip(tone(300))
    fast = clip(tone(300, rate=4000), rate=4000)
    stereo = clip(np.repeat(tone(300), 2), channels=2)
    plain, resampled, mixed = heard([mono, fast, stereo])["frames"].astype("float32")
    np.testing.assert_allclose(mixed, plain, atol=0.01)
    assert np.corrcoef(plain[1:-1].ravel(), resampled[1:-1].ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("contents", "match"),
    [
        (b"no sound", "not a readable WAV file"),
        (b"", "not a readable WAV file"),
        (clip([0.1] * 9, width=1), "expected a 16-bit PCM WAV file, got 8 bits; convert it to 16 bits"),
        (clip([]), "cut off: it promises 0 samples and holds 0"),
        (clip([0.0] * 50), "the clip is silent: nothing in it can be heard"),
        (clip([0.25] * 50, channels=2), "silent"),  # a constant is no sound
        (clip(tone(300))[:36] + b"LIST\xff\xff\xff\x00", "not a readable WAV file"),  # a part beyond the end
        (
            clip(tone(300), rate=1),
            "WAV file of 1 samples per second: expected 1,000 to 4,000,000; its header",
        ),
        (clip(tone(300), rate=999), "WAV file of 999 samples per second"),
        (clip(tone(300), rate=4_000_001), "WAV file of 4,000,001 samples per second"),
        (clip([0.1] * 50)[:-40], "cut off: it promises 50 samples and holds 30"),
    ],
)
def test_files_that_cannot_be_heard(contents, match):
    with pytest.raises(ValueError, match=match):
        checked_wav(contents)


def test_they_are_rejected_in_a_table(tmp_path):
    (tmp_path / "good.wav").write_bytes(clip([0.1, -0.1] * 5))
    (tmp_path / "bad.wav").write_bytes(b"no sound")
    rejected = {}
    raw = SMALL.raw(["bad.wav", "good.wav", "absent.wav", None], tmp_path, rejected.__setitem__)
    assert raw == [b"", clip([0.1, -0.1] * 5), b"", b""]
    assert rejected.keys() == {0, 2}


@pytest.mark.parametrize(("seconds", "steps"), [(0.4, 8), (0.45, 8), (0.01, 2), (1.0, 20)])
def test_steps_are_a_multiple_of_the_stride(seconds, steps):
    assert Audio("sound", seconds=seconds, frames=20, stride=2).steps == steps


def test_every_group_of_frames_can_be_handed_to_the_fusion():
    layer = Audio("sound", seconds=0.4, frames=20, stride=2, mels=6, tokens=0).make_encoder(
        8, {}, name="sound"
    )
    tokens, mask = layer({"frames": np.ones((2, 8, 6), "float16"), "heard": np.asarray([3, 0], "int32")})
    assert tokens.shape == (2, 4, 8)
    assert np.asarray(mask).tolist() == [[True, True, False, False], [False] * 4]


def fake_soundfile(sound, rate, harm=None):
    """A module with what is used of soundfile's documented API; `sound` is [samples, channels]."""
    asked = []

    class SoundFile:
        def __init__(self, file):
            if harm:
                raise RuntimeError(harm)
            self.samplerate = rate

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def read(self, frames, dtype, always_2d):
            asked.append((frames, dtype, always_2d))
            return np.asarray(sound, "float32")[:frames]

    return SimpleNamespace(SoundFile=SoundFile), asked


@pytest.mark.parametrize("beginning", [b"ID3", b"fLaC", b"OggS", b"\xff\xfb"])
def test_other_formats_are_decoded_to_wav(monkeypatch, beginning):
    stereo = np.stack([tone(300, 2.0), 3 * tone(300, 2.0)], axis=1)  # too loud on one side
    module, asked = fake_soundfile(stereo, 2000)
    monkeypatch.setitem(sys.modules, "soundfile", module)
    with wave.open(io.BytesIO(checked_clip(beginning + b"...", 1.2))) as decoded:
        assert decoded.getparams()[:4] == (2, 2, 2000, 2400)
        samples = np.frombuffer(decoded.readframes(2400), "<i2").reshape(-1, 2) / 32767
    assert asked == [(2400, "float32", True)]
    np.testing.assert_allclose(samples, np.clip(stereo[:2400], -1, 1), atol=1e-4)


def test_other_formats_that_cannot_be_heard(monkeypatch, tmp_path):
    module, _ = fake_soundfile([], 2000, harm="unknown format")
    monkeypatch.setitem(sys.modules, "soundfile", module)
    with pytest.raises(ValueError, match=r"not a readable clip \(unknown format\)"):
        checked_clip(b"fLaC", 1.0)
    for sound, match in ((np.zeros((0, 1)), "holds 0"), (np.zeros((50, 1)), "silent")):
        monkeypatch.setitem(sys.modules, "soundfile", fake_soundfile(sound, 2000)[0])
        with pytest.raises(ValueError, match=match):
            checked_clip(b"OggS", 1.0)


def test_without_the_extra_the_error_names_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "soundfile", None)  # as if it were not installed
    (tmp_path / "a.mp3").write_bytes(b"ID3")
    with pytest.raises(ImportError, match=r'pip install "tfmmrec\[audio\]", or convert them to 16-bit WAV'):
        SMALL.raw(["a.mp3"], tmp_path, None)
    assert checked_clip(clip(tone(300)), 1.0) == clip(tone(300))  # WAV needs nothing


@pytest.mark.parametrize("form", ["FLAC", "OGG", "MP3"])
def test_real_files_of_other_formats_sound_like_their_wav(tmp_path, form):
    soundfile = pytest.importorskip("soundfile")
    sound = tone(1000, 2.0, rate=16_000)
    soundfile.write(tmp_path / "a", sound, 16_000, format=form)
    contents = (tmp_path / "a").read_bytes()
    member = Audio("sound", seconds=1.0, mels=16)
    whole, decoded = (
        preprocessed(member, {}, [one])["frames"].astype("float32")
        for one in (clip(sound, rate=16_000), checked_clip(contents, 2.0))
    )
    bands = [frames[0, 4:-4].mean(axis=0).argmax() for frames in (whole, decoded)]
    assert bands[0] == bands[1]
    with pytest.raises(ValueError, match="not a readable clip"):
        checked_clip(contents[:20], 2.0)
