"""Image: files, sizes, several pictures of a row; the contract."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.encoders.pictures.normalise import SCALES, normalised
from tfmmrec.modalities import Image
from tfmmrec.modalities.image import checked_image


def picture(path, pixels, **settings):
    Pillow.fromarray(np.asarray(pixels, "uint8")).save(path, **settings)
    return path.read_bytes()


class TestImage(ModalityContract):
    component = Image("poster", height=8, width=8, patch=4, images=2, tokens=2)

    @classmethod
    def cells(cls, folder):
        generator = np.random.default_rng(0)
        for i in range(EXAMPLES):
            colours = generator.integers(0, 256, (2, 2, 3)).repeat(5, 0).repeat(5, 1)
            picture(folder / f"{i}.png", colours)
        # half of the rows have one picture, half two
        return [f"{i}.png" if i % 2 else f"{i}.png|{(i + 2) % EXAMPLES}.png" for i in range(EXAMPLES)]

    def disturb(self, parts, generator):
        absent = parts["present"] == 0
        parts["pixels"][absent] = generator.integers(0, 256, (absent.sum(), 8, 8, 3))
        return parts


@pytest.mark.parametrize("encoder", ["cnn", "resnet"])
def test_another_encoder_reads_each_picture_alone(encoder):
    member = Image("poster", height=8, width=8, patch=4, images=2, tokens=1, encoder=encoder)
    layer = member.make_encoder(8, {}, name="poster")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 2, 8, 8, 3)).astype("uint8")
    present = np.asarray([[1, 1], [1, 0], [0, 0]])
    tokens, mask = layer({"pixels": pixels, "present": present})
    assert tokens.shape == (3, 2, 8) and np.asarray(mask).tolist() == present.astype(bool).tolist()
    swapped, _ = layer({"pixels": pixels[:, ::-1], "present": present})
    np.testing.assert_allclose(swapped[:, ::-1], tokens, rtol=1e-4, atol=1e-5)
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.backend
def test_scales_by_hand():
    pixels = np.zeros((2, 2, 2, 3), "float32")
    pixels[0, 0] = 255
    pixels[1] = 9  # of a single colour
    scaled = {scale: np.asarray(normalised(pixels, scale)) for scale in SCALES}
    assert scaled["range"][0, :, 0, 0].tolist() == [1, -1]
    np.testing.assert_allclose(
        scaled["imagenet"][0, 1, 0], [-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225], rtol=1e-5
    )
    np.testing.assert_allclose(scaled["picture"][0, :, 0, 0], [1, -1], rtol=1e-5)
    assert not scaled["picture"][1].any()


@pytest.mark.parametrize("scale", ["imagenet", "picture"])
def test_the_scale_is_a_setting(scale):
    layer = Image("poster", height=8, width=8, normalise=scale).make_encoder(8, {}, name="poster")
    plain = Image("poster", height=8, width=8).make_encoder(8, {}, name="poster")
    parts = {"pixels": np.full((1, 1, 8, 8, 3), 200, "uint8"), "present": np.ones((1, 1), "int32")}
    plain(parts)
    layer(parts)
    plain.set_weights(layer.get_weights())
    assert np.abs(np.asarray(layer(parts)[0] - plain(parts)[0])).max() > 1e-4
    assert layer.get_config()["normalise"] == scale


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"normalise": "imagnet"}, "no way to normalise 'imagnet'. Did you mean 'imagenet'"),
        ({"encoder": "vgg"}, "encoder: there is none named 'vgg'. There are: backbone, cnn, patches, resnet"),
        ({"encoder": {"name": "patches", "head": 2}}, "no setting 'head'. Did you mean 'heads'"),
    ],
)
def test_settings_there_are_not(settings, match):
    with pytest.raises(ValueError, match=match):
        Image("poster", **settings)


def test_pixels_by_hand(tmp_path):
    member = Image("poster", height=4, width=4, patch=2)
    red = picture(tmp_path / "red.png", np.full((4, 4, 3), (255, 0, 7)))
    grey = picture(tmp_path / "grey.png", np.full((9, 5), 100))  # resized; one channel becomes three
    parts = preprocessed(member, {}, [[red], [grey], [b""]])
    assert parts["present"].tolist() == [[1], [1], [0]]
    assert (parts["pixels"][0, 0] == (255, 0, 7)).all()
    assert (parts["pixels"][1, 0] == 100).all()
    assert (parts["pixels"][2] == 0).all()


def test_a_request_may_bring_fewer_or_more_pictures(tmp_path):
    member = Image("poster", height=2, width=2, patch=2, images=2)
    red = picture(tmp_path / "red.png", np.full((2, 2, 3), (255, 0, 0)))
    assert preprocessed(member, {}, [[red]])["present"].tolist() == [[1, 0]]
    assert preprocessed(member, {}, [[red, red, red]])["present"].tolist() == [[1, 1]]
    assert preprocessed(member, {}, [[b""]])["present"].tolist() == [[0, 0]]


@pytest.mark.parametrize("form", ["JPEG", "GIF", "BMP", "WEBP", "TIFF"])
def test_formats(tmp_path, form):
    contents = picture(tmp_path / "x", np.full((8, 8, 3), (250, 130, 10)), format=form)
    pixels = preprocessed(Image("poster", height=8, width=8), {}, [[checked_image(contents)]])["pixels"]
    assert np.abs(pixels[0, 0].astype(int) - (250, 130, 10)).max() < 12


def test_modes_tensorflow_cannot_read_are_converted(tmp_path):
    path = tmp_path / "x.png"
    Pillow.fromarray(np.full((4, 4), 3, "uint8")).convert("P").save(path)
    contents = checked_image(path.read_bytes())
    assert contents != path.read_bytes()
    pixels = preprocessed(Image("poster", height=8, width=8), {}, [[contents]])["pixels"]
    assert (pixels == 3).all()


def test_files_that_cannot_be_used_are_rejected(tmp_path):
    whole = picture(tmp_path / "whole.png", np.random.default_rng(0).integers(0, 256, (40, 40, 3)))
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path.parent / "outside.png").write_bytes(whole)
    rejected = {}
    cells = ["whole.png", "cut.png", "text.png", "empty.png", "absent.png", "../outside.png", None, ""]
    raw = Image("poster").raw(cells, tmp_path, rejected.__setitem__)
    assert raw == [[whole], *[[b""]] * 7]
    assert rejected.keys() == {1, 2, 3, 4, 5}
    reasons = ["not a readable picture", "not a readable picture", "0 bytes", "not found", "outside"]
    for reason, expected in zip(rejected.values(), reasons, strict=True):
        assert expected in reason


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_checked_to_its_end(tmp_path, progressive):
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3))
    contents = picture(tmp_path / "x", noise, format="JPEG", progressive=progressive)
    assert checked_image(contents) == contents
    for share in (0.2, 0.5, 0.9, 0.99):
        with pytest.raises(ValueError, match="not a readable picture"):
            checked_image(contents[: int(share * len(contents))])


def test_a_folder_is_read_where_it_was_found_by_id(tmp_path):
    """A path that lacks its last part is none of the pictures there."""
    (tmp_path / "17").mkdir()
    contents = picture(tmp_path / "17" / "a.png", np.zeros((2, 2, 3)))
    rejected = {}
    assert Image("poster").raw(["17/"], tmp_path, rejected.__setitem__) == [[b""]]
    assert rejected == {0: "'17/' is a folder; expected a file"}
    assert Image("poster", folder=".").raw(["17/"], tmp_path, rejected.__setitem__) == [[contents]]


def test_what_pillow_says_of_its_own_is_explained():
    short = b"IHDR" + bytes(4)  # a head of 4 bytes, where 13 are needed
    broken = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 4) + short + struct.pack(">I", zlib.crc32(short))
    with pytest.raises(ValueError, match=r"not a readable picture \(.*IHDR"):
        checked_image(broken)


def test_a_jpeg_in_the_colours_of_print_is_converted_whole(tmp_path):
    path = tmp_path / "x.jpg"
    Pillow.new("CMYK", (40, 60), (0, 0, 0, 255)).save(path)
    with Pillow.open(io.BytesIO(checked_image(path.read_bytes()))) as found:
        assert (found.size, found.mode, found.getpixel((20, 30))) == ((40, 60), "RGB", (0, 0, 0))


def test_a_picture_that_unpacks_to_too_much_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr("tfmmrec.modalities.image._MOST_PIXELS", 15)
    contents = picture(tmp_path / "x.png", np.zeros((4, 4, 3)))
    with pytest.raises(ValueError, match="4×4 pixels is too large; at most 15 pixels"):
        checked_image(contents)


def test_whole_patches_only():
    with pytest.raises(ValueError, match="height and width must be multiples of patch=8, got 50×48"):
        Image("poster", height=50)


def test_every_patch_can_be_handed_to_the_fusion():
    layer = Image("poster", height=8, width=4, patch=4, images=3, tokens=0).make_encoder(8, {}, name="poster")
    present = np.asarray([[1, 0, 1]])
    tokens, mask = layer({"pixels": np.zeros((1, 3, 8, 4, 3), "uint8"), "present": present})
    assert tokens.shape == (1, 6, 8)
    assert np.asarray(mask).tolist() == [[True, True, False, False, True, True]]
