"""Augmentations: in training only, each by what it must leave as it is."""

import keras
import numpy as np
import pytest

from tfmmrec.layers.augment import PICTURE, SOUND, Augment, CropAndResize, MaskBand, Slide, Stretch
from tfmmrec.modalities import Audio, Image

GENERATOR = np.random.default_rng(0)
PIXELS = GENERATOR.integers(0, 256, (16, 8, 8, 3)).astype("uint8")
FRAMES = GENERATOR.normal(size=(64, 20, 10)).astype("float16")


@pytest.mark.backend
@pytest.mark.parametrize(
    ("kind", "name"), [*(("picture", name) for name in PICTURE), *(("sound", name) for name in SOUND)]
)
def test_only_in_training_and_saved(kind, name):
    x = {"picture": PIXELS, "sound": FRAMES}[kind]
    layer = Augment(kind, [name])
    np.testing.assert_array_equal(np.asarray(layer(x)), x)
    np.testing.assert_array_equal(np.asarray(layer(x, training=False)), x)
    again = Augment.from_config(layer.get_config())
    changed = np.asarray(again(x, training=True))
    assert changed.shape == x.shape and np.isfinite(changed).all()
    assert np.mean(changed != x.astype(changed.dtype)) > 0.05


@pytest.mark.backend
def test_a_flip_mirrors_or_leaves_each_picture():
    flipped = np.asarray(Augment("picture", ["flip"])(PIXELS, training=True))
    same = [(flipped[i] == PIXELS[i]).all() for i in range(16)]
    mirrored = [(flipped[i] == PIXELS[i, :, ::-1]).all() for i in range(16)]
    assert all(np.logical_xor(same, mirrored)) and any(same) and any(mirrored)


@pytest.mark.backend
def test_a_crop_is_a_part_of_the_picture_enlarged():
    down, right = np.meshgrid(np.arange(16.0), np.arange(16.0), indexing="ij")
    x = np.stack([down, right, np.full((16, 16), 7.0)], axis=-1)[None].repeat(64, axis=0).astype("float32")
    cut = np.asarray(CropAndResize(share=0.25)(x))
    np.testing.assert_allclose(cut[..., 2], 7, rtol=1e-5)
    for axis in (0, 1):  # of a picture of its own coordinates they still rise evenly, and more slowly
        steps = np.diff(cut[..., axis], axis=axis + 1)
        of_picture = steps.mean(axis=(1, 2))
        np.testing.assert_allclose(steps, of_picture[:, None, None] + 0 * steps, atol=1e-3)
        assert of_picture.min() >= 0.5 - 1e-3 and of_picture.max() <= 1 and np.ptp(of_picture) > 0.3
        assert cut[..., axis].min() >= 0 and cut[..., axis].max() <= 15  # nothing is read beyond an edge
        assert np.ptp(cut[:, 0, 0, axis]) > 1  # anywhere
    np.testing.assert_allclose(
        np.diff(cut[..., 0], axis=1)[:, 0, 0], np.diff(cut[..., 1], axis=2)[:, 0, 0], atol=1e-3
    )


@pytest.mark.backend
@pytest.mark.parametrize("axis", [1, 2])
def test_a_band_is_silenced_whole_and_never_more_than_its_share(axis):
    x = np.ones((256, 20, 10), "float32")
    masked = np.asarray(MaskBand(axis, share=0.3)(x))
    other = 3 - axis
    assert (masked.min(other) == masked.max(other)).all()  # whole frames, or whole mel bands
    silent = masked.min(other) == 0
    size = x.shape[axis]
    assert silent.sum(1).max() <= round(0.3 * size) and silent.sum(1).max() >= 0.2 * size
    assert 0.1 < silent.mean() < 0.2  # a half of the share, on average
    edges = np.abs(np.diff(np.pad(silent, ((0, 0), (1, 1))).astype(int))).sum(1)
    assert set(edges.tolist()) <= {0, 2}  # one band
    assert (silent.any(0)).all()  # anywhere


@pytest.mark.backend
@pytest.mark.parametrize("axis", [1, 2])
def test_a_slide_moves_each_row_as_a_whole_and_never_further_than_its_share(axis):
    x = np.arange(1.0, 201.0, dtype="float32").reshape(1, 20, 10).repeat(256, axis=0)
    moved = np.asarray(Slide(axis, share=0.2)(x))
    most = round(0.2 * x.shape[axis])
    expected = {}
    for by in range(-most, most + 1):
        rolled = np.roll(x[0], by, axis - 1)
        gone = slice(0, by) if by > 0 else slice(by, None) if by < 0 else slice(0, 0)
        rolled[gone if axis == 1 else (slice(None), gone)] = 0
        expected[by] = rolled
    found = [[by for by, rolled in expected.items() if np.array_equal(row, rolled)] for row in moved]
    assert all(len(one) == 1 for one in found)
    assert {one[0] for one in found} == set(expected)  # as far to either side, and not at all


@pytest.mark.backend
@pytest.mark.parametrize("axis", [1, 2])
def test_a_stretch_is_read_in_proportion_and_never_further_than_its_share(axis):
    size = (20, 10)[axis - 1]
    place = np.arange(1.0, size + 1)  # 1, 2, 3, …: of a stretch by half, 1, 1 2/3, 2 1/3, …
    x = np.broadcast_to(place[:, None] if axis == 1 else place, (256, 20, 10)).astype("float32")
    stretched = np.asarray(Stretch(axis, share=0.5)(x))
    along = stretched[:, :, 0] if axis == 1 else stretched[:, 0, :]
    same = along[..., None] if axis == 1 else along[:, None, :]
    np.testing.assert_array_equal(stretched, np.broadcast_to(same, stretched.shape))
    step = along[:, 1] - along[:, 0]  # one place further is so much further in what is read
    assert 1 / 1.5 - 1e-5 <= step.min() < 0.75 and 1.6 < step.max() <= 2 + 1e-5
    expected = 1 + np.arange(size) * step[:, None]
    read = along != 0
    np.testing.assert_allclose(along[read], expected[read], rtol=1e-4)
    np.testing.assert_array_equal(read, expected <= size + 1e-3)


@pytest.mark.backend
def test_encoders_augment_in_training_and_still_do_so_after_loading():
    feature = Image("poster", height=8, width=8, patch=4, augment=["flip", "brightness"])
    encoder = feature.make_encoder(8, {}, "poster")
    parts = {"pixels": PIXELS[:, None], "present": np.ones((16, 1), "int32")}
    calm, _ = encoder(parts)
    excited, _ = encoder(parts, training=True)
    assert np.abs(np.asarray(calm) - np.asarray(excited)).max() > 1e-3
    assert type(encoder).from_config(encoder.get_config()).augment.names == ["flip", "brightness"]
    clip = Audio("clip", seconds=0.5, augment=["mask_time", "mask_mel"])
    encoder = clip.make_encoder(8, {}, "clip")
    frames = GENERATOR.normal(size=(4, *clip.spec({})["frames"][0])).astype("float16")
    parts = {"frames": frames, "heard": np.full(4, clip.steps, "int32")}
    assert np.abs(np.asarray(encoder(parts)[0]) - np.asarray(encoder(parts, training=True)[0])).max() > 1e-3
    assert isinstance(keras.layers.deserialize(keras.layers.serialize(encoder)), type(encoder))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Image("x", augment=["flop"]),
            r"Image\('x'\): there is no augmentation 'flop' of a picture.*'flip'",
        ),
        (lambda: Image("x", augment="flip"), r"augment is a list such as \['flip', 'shift'\], got 'flip'"),
        (lambda: Audio("x", augment=["flip"]), "no augmentation 'flip' of a sound.*mask_mel, mask_time"),
    ],
)
def test_wrong_names_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()
