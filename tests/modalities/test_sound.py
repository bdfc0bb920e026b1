"""What is done to a waveform before it is heard, and the forms of its frames."""

import numpy as np
import pytest
import tensorflow as tf

from backends import preprocessed
from contracts.samples import clip, tone
from tfmmrec.modalities import Audio
from tfmmrec.modalities.sound import prepared, segment, waveform

RATE = 2000


def done(sound, *names, low=60.0, high=0.0):
    return prepared(tf.constant(sound, tf.float32), names, RATE, low, high).numpy()


def test_silence_at_both_ends_is_trimmed():
    silence, sound = np.zeros(200), tone(300, 0.2)
    whole = np.concatenate([silence, sound, silence[:50], sound, silence])
    np.testing.assert_allclose(done(whole, "trim"), whole[200:-200], atol=1e-6)
    np.testing.assert_allclose(done(whole + 1e-4, "trim"), whole[200:-200] + 1e-4, atol=1e-6)  # −74 dB
    assert len(done(np.zeros(100), "trim")) == 100 and len(done([], "trim")) == 1


def test_a_band_is_kept():
    low, middle, high = tone(50, 1.0), tone(300, 1.0), tone(900, 1.0)
    kept = done(low + middle + high, "band", low=100.0, high=500.0)
    np.testing.assert_allclose(kept, middle, atol=1e-3)
    np.testing.assert_allclose(done(low + high, "band", low=100.0), high, atol=1e-3)  # no bound above
    assert len(done(tone(300, 1.0)[:-1], "band")) == RATE - 1


def test_pre_emphasis_by_hand():
    np.testing.assert_allclose(done([1.0, 1.0, 0.0, -2.0], "pre_emphasis"), [1, 0.03, -0.97, -2], rtol=1e-5)


def test_noise_is_gated():
    generator = np.random.default_rng(0)
    calls = np.concatenate([tone(300, 0.5), np.zeros(RATE), tone(500, 0.5)])
    noise = 0.05 * generator.normal(size=len(calls))
    cleaned = done(calls + noise, "denoise")
    assert cleaned.shape == calls.shape
    pause = slice(RATE * 3 // 4, RATE * 5 // 4)
    assert np.square(cleaned[pause]).mean() < 0.3 * np.square(noise[pause]).mean()
    assert np.corrcoef(cleaned[:1000], calls[:1000])[0, 1] > 0.95


@pytest.mark.parametrize(("which", "first"), [("start", 0), ("middle", 35), ("loudest", 60)])
def test_which_part_is_heard(which, first):
    sound = np.arange(100.0) * 1e-3
    sound[60:90] += 5
    heard = segment(tf.constant(sound, tf.float32), 30, which).numpy()
    np.testing.assert_allclose(heard, sound[first : first + 30], rtol=1e-6)
    np.testing.assert_allclose(segment(tf.constant(sound, tf.float32), 200, which), sound, rtol=1e-6)


def heard(contents, which="start", prepare=()):
    sound, _ = waveform(tf.constant(contents), RATE, prepare, 60.0, 0.0, 30, which)
    return sound.numpy()


@pytest.mark.parametrize(
    ("which", "prepare", "sizes"),
    [
        ("start", (), {30}),
        ("start", ("pre_emphasis",), {30}),
        ("start", ("trim",), {100, 400}),
        ("middle", (), {100, 400}),
    ],
)
def test_no_more_is_resampled_than_is_heard(monkeypatch, which, prepare, sizes):
    resample, asked = tf.raw_ops.ScaleAndTranslate, []

    def watched(**given):
        asked.append(int(given["size"][1]))
        return resample(**given)

    monkeypatch.setattr(tf.raw_ops, "ScaleAndTranslate", watched)
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 200)
    for rate, size in ((2 * RATE, 100), (RATE // 2, 400), (RATE, 200)):
        contents = clip(sound, rate=rate)
        decoded = tf.audio.decode_wav(contents).audio
        if rate != RATE:
            decoded = tf.image.resize(decoded[None], (1, size), antialias=True)[0]
        whole = done(decoded[:, 0], *prepare)
        np.testing.assert_array_equal(heard(contents, which, prepare), segment(whole, 30, which))
    assert set(asked) == sizes


def test_a_rate_of_a_broken_header_is_refused():
    assert np.isfinite(heard(clip(tone(300), rate=1000))).all()
    for rate in (1, 999, 4_000_001):
        told = rf"(?s)expected a WAV file of 1,000 to 4,000,000 samples per second, got\W+{rate}\b"
        with pytest.raises(tf.errors.InvalidArgumentError, match=told):
            heard(clip(tone(300), rate=rate))


def small(**settings):
    return Audio("sound", **{"seconds": 0.4, "rate": RATE, "mels": 8, "frames": 20, "stride": 2, **settings})


FORMS = [("log_mel", 8), ("spectrogram", 65), ("mfcc", 5), ("waveform", 100)]


@pytest.mark.parametrize(("form", "bands"), FORMS)
def test_forms_have_their_shapes_and_scales(form, bands):
    member = small(form=form, coefficients=5)
    assert member.bands == bands
    parts = preprocessed(member, {}, [clip(tone(300)), clip(0.1 * tone(700, 0.2)), b""])
    frames = parts["frames"].astype("float32")
    assert frames.shape == (3, 8, bands) and parts["heard"].tolist() == [8, 4, 0]
    assert np.isfinite(frames).all() and not frames[1, 4:].any() and not frames[2].any()
    assert np.abs(frames[0].mean()) < 0.5 and 0.2 < frames[0].std() < 2.5
    # loudness does not matter
    loud = preprocessed(member, {}, [clip(1.5 * tone(300))])["frames"].astype("float32")
    assert np.abs(loud[0] - frames[0]).mean() < 0.25


def test_a_spectrogram_is_loudest_at_the_tone():
    frames = preprocessed(small(form="spectrogram"), {}, [clip(tone(500))])["frames"]
    assert frames[0, 1:-1].mean(axis=0).argmax() == pytest.approx(500 / (RATE / 2) * 64, abs=1)


def test_coefficients_are_the_cosine_transform_of_the_log_mel():
    log_mel, mfcc = (
        preprocessed(small(form=form, coefficients=5), {}, [clip(tone(300))]) for form in ("log_mel", "mfcc")
    )
    places = (np.arange(8) + 0.5) * np.pi / 8
    cosines = np.stack([np.cos(places * order) for order in range(5)], axis=1)
    expected = log_mel["frames"][0].astype("float32") @ cosines * (2 / 8) ** 0.5 / 2
    np.testing.assert_allclose(mfcc["frames"][0], expected, atol=0.01)


def test_a_waveform_is_the_samples():
    sound = tone(40)
    frames = preprocessed(small(form="waveform"), {}, [clip(sound)])["frames"].astype("float32")
    np.testing.assert_allclose(frames.reshape(-1), sound / sound.std(), atol=0.02)


def test_preparations_are_a_part_of_the_feature():
    silence = np.zeros(400)
    late = np.concatenate([silence, tone(300, 0.4), silence])
    plain, trimmed = (small(prepare=names) for names in ((), ("trim", "band", "pre_emphasis", "denoise")))
    assert preprocessed(plain, {}, [clip(late)])["heard"].tolist() == [8]
    assert preprocessed(small(prepare=["trim"], seconds=1.0), {}, [clip(late)])["heard"].tolist() == [8]
    assert np.isfinite(preprocessed(trimmed, {}, [clip(late), clip([0.0] * 9), b""])["frames"]).all()
    assert small(segment="loudest") != small()
    assert {"prepare", "form", "segment", "normalise"} <= set(Audio.decoded_by)


@pytest.mark.parametrize("encoder", ["gru", "lstm", "convolution", "text_cnn", "bag"])
def test_another_encoder_reads_the_frames(encoder):
    layer = small(encoder=encoder, tokens=2).make_encoder(8, {}, name="sound")
    frames = np.random.default_rng(0).normal(size=(2, 8, 8)).astype("float16")
    tokens, mask = layer({"frames": frames, "heard": np.asarray([3, 0], "int32")})
    count = {"bag": 1, "text_cnn": 3}.get(encoder, 2)
    assert tokens.shape == (2, count, 8) and np.asarray(mask).tolist() == [[True] * count, [False] * count]


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"form": "mel"}, "there is no form 'mel'"),
        ({"segment": "end"}, "there is no segment 'end'"),
        ({"prepare": ["trimm"]}, "there is no preparation 'trimm'. Did you mean 'trim'"),
        ({"prepare": "trim"}, r"prepare is a list such as \['trim', 'band'\], got 'trim'"),
        ({"form": "mfcc", "coefficients": 40}, "at most mels=32, got 40"),
        ({"normalise": "band"}, "there is no normalisation 'band'. Did you mean 'bands'"),
        ({"form": "waveform", "normalise": "bands"}, "a waveform has no bands whose mean"),
        ({"encoder": "resnet"}, "encoder: there is none named 'resnet'"),
    ],
)
def test_settings_there_are_not(settings, match):
    with pytest.raises(ValueError, match=rf"Audio\('sound'\).*{match}"):
        Audio("sound", **settings)
