"""Media are decoded in parallel, in the order of their rows, and never twice where a cache is given."""

import dataclasses
import io
import os
import tarfile
import time

import numpy as np
import pytest
from PIL import Image as Pillow

from tfmmrec.data import decoding
from tfmmrec.data.decoding import Decoding, stamps
from tfmmrec.modalities import Audio, Image, Modality, Video
from tfmmrec.modalities.media import TAR

PICTURE = Image("poster", height=4, width=4, patch=4, images=2)


def picture(folder, name, shade):
    buffer = io.BytesIO()
    Pillow.new("RGB", (4, 4), (shade, 0, 0)).save(buffer, "PNG")
    (folder / name).write_bytes(buffer.getvalue())


class Reader:
    """Decodes cells, and remembers which contents were decoded and which rows were refused."""

    def __init__(self, folder, cache=None, feature=PICTURE, delay=lambda raw: 0.0):
        self.feature, self.delay = feature, delay
        self.decoding = Decoding(folder, cache)
        self.decoded, self.refused = [], []

    def preprocess(self, raw):
        """Shade and number of the pictures of each row, in numpy."""
        time.sleep(self.delay(raw))
        self.decoded += [row for row in raw if any(row)]
        pixels = np.zeros(
            (len(raw), self.feature.images, self.feature.height, self.feature.width, 3), "uint8"
        )
        present = np.zeros((len(raw), self.feature.images), "int32")
        for row, pictures in enumerate(raw):
            for place, contents in enumerate(filter(None, pictures)):
                pixels[row, place] = np.asarray(Pillow.open(io.BytesIO(contents)))
                present[row, place] = 1
        return {"present": present, "pixels": pixels}  # in another order than the feature's spec

    def __call__(self, cells):
        refuse = lambda row, reason: self.refused.append(row)  # noqa: E731
        some = list(self.decoding(self.feature, {}, cells, refuse, self.preprocess))
        parts = {name: np.concatenate([part[name] for _, part in some]) for name in ("pixels", "present")}
        assert [chunk.start for chunk, _ in some] == list(range(0, len(cells), decoding._ROWS))
        assert some[-1][0].stop == len(cells)
        return parts["pixels"][:, :, 0, 0, 0].tolist(), parts["present"].tolist()


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(decoding, "_ROWS", 2)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "shop"
    folder.mkdir()
    for shade in range(1, 6):
        picture(folder, f"{shade}.png", shade)
    (folder / "broken.png").write_bytes(b"no picture")
    return folder


CELLS = ["1.png", None, "2.png|3.png", "broken.png", "4.png", "lost.png", "5.png"]
SHADES = [[1, 0], [0, 0], [2, 3], [0, 0], [4, 0], [0, 0], [5, 0]]
PRESENT = [[1, 0], [0, 0], [1, 1], [0, 0], [1, 0], [0, 0], [1, 0]]


def test_rows_and_refusals_keep_their_order_whichever_thread_is_faster(folder):
    first_is_slow = lambda raw: 0.2 * any(b"IHDR" in row[0] for row in raw[:1] if row[0])  # noqa: E731
    read = Reader(folder, delay=first_is_slow)
    assert read(CELLS) == (SHADES, PRESENT)
    assert read.refused == [3, 5]


def test_what_was_decoded_is_not_decoded_again(folder, tmp_path):
    cache = tmp_path / "cache"
    first = Reader(folder, cache)
    assert first(CELLS) == (SHADES, PRESENT)
    assert len(first.decoded) == 4
    again = Reader(folder, cache)
    assert again(CELLS) == (SHADES, PRESENT)
    assert again.decoded == []
    assert again.refused == [3, 5]  # what is refused is looked at every time
    elsewhere = tmp_path / "elsewhere"
    folder.rename(elsewhere)
    (elsewhere / "1.png").rename(elsewhere / "renamed.png")
    moved = Reader(elsewhere, cache)
    assert moved(["5.png", "renamed.png", "3.png|2.png"])[0] == [[5, 0], [1, 0], [3, 2]]
    assert len(moved.decoded) == 1  # the two pictures in another order


def test_contents_that_changed_are_decoded_again(folder, tmp_path):
    Reader(folder, tmp_path / "cache")(CELLS)
    picture(folder, "4.png", 40)
    read = Reader(folder, tmp_path / "cache")
    assert read(CELLS)[0][4] == [40, 0]
    assert len(read.decoded) == 1


def test_other_settings_of_the_decoder_decode_again_and_those_of_the_encoder_do_not(folder, tmp_path):
    Reader(folder, tmp_path / "cache")(["1.png"])
    for change, times in (({"layers": 3, "dropout": 0.5}, 0), ({"images": 3}, 1)):
        read = Reader(folder, tmp_path / "cache", dataclasses.replace(PICTURE, **change))
        read(["1.png"])
        assert len(read.decoded) == times


def test_a_decoder_that_dies_leaves_what_it_had_decoded(folder, tmp_path):
    cells = [f"{shade}.png" for shade in range(1, 6)]

    def dies(raw):
        if b"IHDR" in raw[0][0] and raw[0][0] == (folder / "5.png").read_bytes():
            raise KeyboardInterrupt
        return 0.0

    with pytest.raises(KeyboardInterrupt):
        Reader(folder, tmp_path / "cache", delay=dies)(cells)
    read = Reader(folder, tmp_path / "cache")
    assert read(cells)[0] == [[shade, 0] for shade in range(1, 6)]
    assert len(read.decoded) == 1


def test_a_cache_that_cannot_be_used_is_a_warning(folder, tmp_path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "decoded.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.warns(UserWarning, match=r"not kept in .*decoded\.sqlite.*not a database"):
        assert Reader(folder, tmp_path / "cache")(CELLS) == (SHADES, PRESENT)
    (tmp_path / "file").write_text("")
    with pytest.warns(UserWarning, match="not kept in"):
        assert Reader(folder, tmp_path / "file")(CELLS) == (SHADES, PRESENT)


def test_media_are_stamped_also_those_that_are_absent(folder, tmp_path):
    (tmp_path / "secret.png").write_bytes(b"not ours")
    with tarfile.open(folder / TAR, "w") as tar:
        tar.add(folder / "1.png", "packed.png")
    read = Reader(folder)
    read(["1.png|2.png", "lost.png", "packed.png", "../secret.png"])
    stat = os.stat(folder / "1.png")
    assert read.decoding.media["1.png"] == [stat.st_size, stat.st_mtime_ns]
    assert {name for name, stamp in read.decoding.media.items() if stamp is None} == {
        "lost.png",
        "packed.png",
        "../secret.png",
    }
    assert stamps(folder, read.decoding.media) == read.decoding.media
    picture(folder, "lost.png", 9)
    assert stamps(folder, read.decoding.media) != read.decoding.media


def test_a_folder_is_as_old_as_the_latest_of_its_files(tmp_path):
    (tmp_path / "film").mkdir()
    picture(tmp_path / "film", "0.png", 1)
    for path in (tmp_path / "film" / "0.png", tmp_path / "film"):
        os.utime(path, ns=(1, 1))
    before = stamps(tmp_path, ["film"])
    os.utime(tmp_path / "film" / "0.png", ns=(2, 2))  # written over
    assert stamps(tmp_path, ["film"]) != before


@pytest.mark.parametrize(
    "feature", [Image("x"), Audio("x"), Video("x")], ids=lambda feature: type(feature).__name__
)
def test_media_say_what_their_parts_depend_on(feature: Modality):
    assert feature.media
    assert feature.decoded_by
    assert all(hasattr(feature, name) for name in feature.decoded_by)
