"""What a part takes from a data folder, which stays as it is."""

import os
from pathlib import Path

import numpy as np
import pytest

from tfmmrec.inspection.copies import copy_files, copy_media, copy_rows, name_below, with_names_below
from tfmmrec.modalities import Image, Text, Vector, Video


@pytest.fixture
def folder(tmp_path):
    """A data folder with three pictures, of which one is a link to another, vectors, words and a preset."""
    folder = tmp_path / "data"
    for place in ("images", "vectors", "words", "presets/tiny/assets"):
        (folder / place).mkdir(parents=True)
    (folder / "images" / "1.jpg").write_bytes(b"one")
    (folder / "images" / "2.jpg").write_bytes(b"two")
    (folder / "images" / "3.jpg").symlink_to(folder / "images" / "1.jpg")
    np.save(folder / "vectors" / "v.npy", np.arange(8.0).reshape(4, 2))
    (folder / "words" / "glove.txt").write_text("sea 1 2\n")
    (folder / "presets" / "tiny" / "config.json").write_text("{}")
    (folder / "presets" / "tiny" / "assets" / "words.txt").write_text("sea\n")
    return folder


@pytest.fixture
def aside(tmp_path):
    (tmp_path / "aside").mkdir()
    return tmp_path / "aside"


def held(folder):
    """Contents and time of every file below a folder."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_names_from_the_root_and_links_become_names_below_the_folder(folder, tmp_path):
    (tmp_path / "other").symlink_to(folder, target_is_directory=True)
    for name in (
        "images/1.jpg",
        f"{folder}/images/1.jpg",
        f"{tmp_path}/other/images/1.jpg",
        "./images/1.jpg",
    ):
        assert name_below(name, folder) == name_below(name, tmp_path / "other") == "images/1.jpg"
    assert name_below("images/3.jpg", folder) == "images/3.jpg"  # found by its id, and not by that of another
    assert name_below("images/", folder) == "images"
    with pytest.raises(ValueError, match="lies outside the data folder"):
        name_below(f"{tmp_path}/elsewhere/1.jpg", folder)


def test_a_folder_of_frames_is_copied(folder, aside):
    before = held(folder)
    assert copy_media(["images", None, "vectors"], folder, aside, 3) == [
        "images/1.jpg|images/2.jpg|images/3.jpg", None, None
    ]  # fmt: skip
    assert [path.name for path in sorted((aside / "images").iterdir())] == ["1.jpg", "2.jpg", "3.jpg"]
    assert held(folder) == before


def test_media_are_copied_and_the_originals_stay(folder, aside):
    cells = [None, f"{folder}/images/1.jpg|images/2.jpg", "images/none.jpg", [f"{folder}/images/3.jpg"]]
    before = held(folder)
    assert copy_media([*cells, "images/2.jpg"], folder, aside, 2) == [
        None,
        "images/1.jpg|images/2.jpg",
        None,
        "images/3.jpg",
        None,  # one more than was asked for
    ]
    assert held(folder) == before
    copied = {name: (aside / "images" / name).read_bytes() for name in os.listdir(aside / "images")}
    assert copied == {"1.jpg": b"one", "2.jpg": b"two", "3.jpg": b"one"}


def test_nothing_is_written_over_a_file_nor_out_of_the_folder_aside(folder, aside):
    before = held(folder)
    os.link(folder / "images" / "1.jpg", aside / "1.jpg")
    (folder / "1.jpg").write_bytes(b"another")
    copy_media(["1.jpg"], folder, aside, 1)
    (aside / "images").symlink_to(folder / "images", target_is_directory=True)
    assert copy_media([f"{folder}/images/2.jpg"], folder, aside, 1) == [None]
    (folder / "1.jpg").unlink()
    assert held(folder) == before


def test_rows_of_an_array_in_a_folder_of_its_own(folder, aside):
    before = held(folder)
    feature = with_names_below(Vector("v", file=f"{folder}/vectors/v.npy"), folder)
    assert feature.file == "vectors/v.npy"
    copy_rows(feature.file, folder, aside, np.asarray([0, 3]))
    assert np.load(aside / "vectors" / "v.npy").tolist() == [[0, 1], [6, 7]] and held(folder) == before
    with pytest.raises(ValueError, match=r"Vector file 'none\.npy' was not found in the data folder"):
        copy_rows("none.npy", folder, aside, np.asarray([0]))


@pytest.mark.parametrize("linked", [True, False], ids=["one disk", "two disks"])
def test_files_and_presets_are_there_too(folder, aside, monkeypatch, linked):
    def refuse(*_):
        raise OSError("Invalid cross-device link")

    if not linked:
        monkeypatch.setattr(os, "link", refuse)
    before = held(folder)
    preset = {"name": "backbone", "preset": f"{folder}/presets/tiny"}
    features = [
        Text("plot", vectors=f"{folder}/words/glove.txt"),
        Text("title", encoder=preset),
        Video("clip", picture_encoder=preset),
        Image("poster", encoder={"name": "backbone", "model": "MobileNet", "weights": "weights.h5"}),
    ]
    named = [with_names_below(feature, folder) for feature in features]
    assert named[0] == Text("plot", vectors="words/glove.txt")
    assert named[1].encoder["preset"] == named[2].picture_encoder["preset"] == "presets/tiny"
    assert named[3] == features[3]  # it is absent, and who reads it says so
    for feature in named:
        copy_files(feature, folder, aside)
    files = {path.relative_to(aside).as_posix() for path in aside.rglob("*") if path.is_file()}
    assert files == {
        "words/glove.txt",
        "presets/tiny/config.json",
        "presets/tiny/assets/words.txt",
    }
    assert (aside / "words" / "glove.txt").samefile(folder / "words" / "glove.txt") == linked
    assert (aside / "presets" / "tiny" / "config.json").read_text() == "{}" and held(folder) == before


def test_a_preset_that_is_downloaded_is_no_folder(folder, aside):
    feature = Text("title", encoder={"name": "backbone", "preset": "bert_tiny_en_uncased"})
    assert with_names_below(feature, folder) == feature
    copy_files(feature, folder, aside)
    assert list(Path(aside).iterdir()) == []
