"""Video: folders of pictures, animations, files; frames at equal distances; the contract."""

import io
import sys

import numpy as np
import pytest
from PIL import Image as Pillow

from backends import preprocessed
from contracts import ModalityContract
from contracts.samples import EXAMPLES
from tfmmrec.modalities import Video
from tfmmrec.modalities.frames import spread, video_frames
from tfmmrec.modalities.media import media_by_id

SMALL = Video("trailer", frames=3, height=8, width=8, patch=4, tokens=2)


def colours(count):
    return [Pillow.new("RGB", (8, 8), (20 * i, 0, 0)) for i in range(count)]


def animation(path, count):
    first, *others = colours(count)
    first.save(path, save_all=True, append_images=others, duration=40)
    return path.name


def red(frames):
    """How red each frame is, in twentieths."""
    decoded = (np.asarray(Pillow.open(io.BytesIO(frame)).convert("RGB")) for frame in frames)
    return [round(pixels[..., 0].mean() / 20) for pixels in decoded]


class TestVideo(ModalityContract):
    component = SMALL

    @classmethod
    def cells(cls, folder):
        generator = np.random.default_rng(0)
        for i in range(EXAMPLES):
            (folder / f"v{i}").mkdir()
            for frame in range(1 + i % 3):
                pixels = generator.integers(0, 256, (2, 2, 3)).repeat(4, 0).repeat(4, 1).astype("uint8")
                Pillow.fromarray(pixels).save(folder / f"v{i}" / f"{frame}.png")
        return [f"v{i}" for i in range(EXAMPLES)]

    def disturb(self, parts, generator):
        absent = parts["present"] == 0
        parts["pixels"][absent] = generator.integers(0, 256, (absent.sum(), 8, 8, 3))
        return parts


@pytest.mark.parametrize(
    ("there", "count", "expected"),
    [(10, 2, [2, 7]), (3, 3, [0, 1, 2]), (2, 3, [0, 1]), (9, 3, [1, 4, 7]), (100, 1, [50]), (0, 3, [])],
)
def test_frames_at_equal_distances(there, count, expected):
    assert spread(there, count) == expected


@pytest.mark.parametrize("ending", [".gif", ".webp", ".png"])
def test_animations(tmp_path, ending):
    name = animation(tmp_path / f"a{ending}", 10)
    assert red(video_frames(name, tmp_path, 2)) == [2, 7]
    assert red(video_frames(name, tmp_path, 20)) == list(range(10))


def test_a_folder_of_pictures_is_read_in_the_order_of_names(tmp_path):
    (tmp_path / "film").mkdir()
    for i, picture in enumerate(colours(10)):
        picture.save(tmp_path / "film" / f"{i:02}.png")
    (tmp_path / "film" / "notes.txt").write_text("no picture")
    assert red(video_frames("film", tmp_path, 2)) == [2, 7]


def test_frames_named_one_by_one(tmp_path):
    names = [f"{i}.png" for i in (3, 1, 2)]
    for name, picture in zip(names, colours(3), strict=True):
        picture.save(tmp_path / name)
    assert (
        red(video_frames("|".join(names), tmp_path, 8)) == red(video_frames(names, tmp_path, 8)) == [0, 1, 2]
    )
    (tmp_path / "a.mp4").write_bytes(b"a video")
    with pytest.raises(ValueError, match="not a readable picture"):
        video_frames("3.png|a.mp4", tmp_path, 8)


def test_videos_found_by_id(tmp_path):
    (tmp_path / "clips" / "film").mkdir(parents=True)
    colours(2)[1].save(tmp_path / "clips" / "film" / "0.png")
    animation(tmp_path / "clips" / "short.gif", 3)
    video = Video("trailer", folder="clips")
    assert not video.in_table and SMALL.in_table
    found = media_by_id(tmp_path, video.folder, video.endings)
    assert found == {"film": "clips/film/", "short": "clips/short.gif"}
    assert red(video_frames(found["film"], tmp_path, 8)) == [1]
    assert red(video_frames(found["short"], tmp_path, 8)) == [0, 1, 2]


def test_a_still_picture_is_a_video_of_one_frame(tmp_path):
    colours(4)[3].save(tmp_path / "still.png")
    raw = SMALL.raw(["still.png"], tmp_path, None)
    assert preprocessed(SMALL, {}, raw)["present"].tolist() == [[1, 0, 0]]


def test_a_real_file(tmp_path):
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "a.mp4"), "w") as video:
        stream = video.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for picture in colours(10):
            frame = av.VideoFrame.from_image(picture.resize((32, 32)))
            video.mux(stream.encode(frame))
        video.mux(stream.encode())
    assert np.abs(np.subtract(red(video_frames("a.mp4", tmp_path, 2)), [2, 7])).max() <= 1
    (tmp_path / "cut.mp4").write_bytes((tmp_path / "a.mp4").read_bytes()[:40])
    with pytest.raises(ValueError, match="not a readable video"):
        video_frames("cut.mp4", tmp_path, 2)


def test_without_the_extra_the_error_names_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "av", None)  # as if it were not installed
    (tmp_path / "a.mp4").write_bytes(b"a video")
    with pytest.raises(ImportError, match=r'pip install "tfmmrec\[video\]", or write the frames to a folder'):
        SMALL.raw(["a.mp4"], tmp_path, None)


def test_what_cannot_be_used_is_rejected(tmp_path):
    whole = (tmp_path / animation(tmp_path / "whole.gif", 4)).read_bytes()
    (tmp_path / "cut.gif").write_bytes(whole[:30])
    (tmp_path / "empty").mkdir()
    rejected = {}
    cells = ["cut.gif", "empty", "absent.gif", "../outside", "whole.gif", None, ""]
    raw = SMALL.raw(cells, tmp_path, rejected.__setitem__)
    assert [sum(frame != b"" for frame in row) for row in raw] == [0, 0, 0, 0, 3, 0, 0]
    reasons = ["not a readable", "holds no picture", "not found", "outside"]
    assert list(rejected) == [0, 1, 2, 3]
    for reason, expected in zip(rejected.values(), reasons, strict=True):
        assert expected in reason


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"frames": 0}, "frames are 1 or more, got 0"),
        ({"height": 50}, "height and width must be multiples of patch=8, got 50×48"),
        ({"picture_encoder": "gru"}, "picture_encoder: there is none named 'gru'"),
        ({"encoder": "cnn"}, "encoder: there is none named 'cnn'"),
        ({"augment": ["flop"]}, "no augmentation 'flop' of a picture"),
    ],
)
def test_settings_there_are_not(settings, match):
    with pytest.raises(ValueError, match=match):
        Video("trailer", **settings)
