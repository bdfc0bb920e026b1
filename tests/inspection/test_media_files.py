"""Media that no column names by where they are: found by their names, and by ids."""

import tarfile

import numpy as np
import pytest
from PIL import Image as Pillow

from tfmmrec.data import load
from tfmmrec.inspection import guess_schema
from tfmmrec.inspection.columns import Column, kind_of
from tfmmrec.inspection.media_files import found_by_id, found_elsewhere, media_folders
from tfmmrec.modalities import Audio, Image, Video

EVENTS = "user_id,item_id,timestamp\n" + "".join(
    f"u{n % 5},i{n % 8},{1_600_000_000 + n}\n" for n in range(60)
)


def with_pictures(folder, place="images", ending="png", count=8):
    (folder / place).mkdir(parents=True, exist_ok=True)
    for item in range(count):
        Pillow.new("RGB", (20, 20), (30 * item, 0, 99)).save(folder / place / f"i{item}.{ending}")
    return folder


def with_tables(folder, **columns):
    header = ",".join(["item_id", *columns])
    rows = [",".join([f"i{n}", *(cell.format(n) for cell in columns.values())]) for n in range(8)]
    (folder / "items.csv").write_text("\n".join([header, *rows]) + "\n")
    (folder / "events.csv").write_text(EVENTS)
    return folder


def test_folders_of_media_and_of_the_tar(tmp_path):
    with_pictures(tmp_path, count=2)
    (tmp_path / "clips" / "long").mkdir(parents=True)
    (tmp_path / "clips" / "long" / "1.WAV").write_bytes(b"RIFF")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "1.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no picture")
    with tarfile.open(tmp_path / "media.tar", "w") as tar:
        tar.add(tmp_path / "images" / "i0.png", "posters/7.png")
    assert media_folders(tmp_path) == {
        "images": ["i0.png", "i1.png"],
        "clips/long": ["1.WAV"],
        "posters": ["7.png"],
    }


def test_files_are_found_in_another_folder_and_by_paths_of_another_machine():
    folders = {".": ["a.jpg"], "images": ["a.jpg", "B.JPG"]}
    names = ["/home/me/b.jpg", r"C:\data\b.jpg", "none.jpg", "a.jpg"]
    assert found_elsewhere(names, folders) == [
        ("/home/me/b.jpg", "images/B.JPG"),
        (r"C:\data\b.jpg", "images/B.JPG"),
        ("a.jpg", "a.jpg"),
    ]


def test_most_of_the_ids_must_have_a_file():
    folders = {"half": ["1.jpg", "2.jpg"], "more": ["1.jpg", "2.PNG", "3.webp"], "sounds": ["1.wav"] * 3}
    assert list(found_by_id(["1", "2", "3", "4"], folders)) == [(Image, "more", 3)]
    assert list(found_by_id(["1"], {"s": ["1.wav", "1.txt"]})) == [(Audio, "s", 1)]
    assert list(found_by_id(["1"], {"v": ["1.mp4", "1.gif"]})) == [(Image, "v", 1), (Video, "v", 1)]
    assert list(found_by_id(["1"], {"v": ["1.gif"]})) == [(Image, "v", 1)]
    assert list(found_by_id([], folders)) == []


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        (
            "i{}.png",
            "which are in the folder 'images/small': write 'images/small/i0.png' for 'i0.png', in pandas "
            "df['image'] = 'images/small/' + df['image']",
        ),
        ("small/i{}.png", "df['image'] = 'images/' + df['image']"),
        ("/mnt/x/i{}.png", "elsewhere in the data folder: write 'images/small/i0.png' for '/mnt/x/i0.png'"),
        ("other{}.png", "none of the first 8 is in the data folder: copy them there, and name them by"),
    ],
)
def test_the_part_of_a_path_that_lacks_is_named(tmp_path, cell, why):
    with_pictures(tmp_path, "images/small")
    found = kind_of(Column("image", [cell.format(n) for n in range(8)]), tmp_path)
    assert found.member == "" and found.why.startswith("names pictures, ") and why in found.why


@pytest.mark.parametrize("place", ["images", "media/covers", "."])
def test_pictures_named_like_ids_are_a_feature(tmp_path, place):
    folder = with_tables(with_pictures(tmp_path, place), kind="k{}")
    guess = guess_schema(folder)
    (feature,) = guess.schema.item
    name = {"images": "images", "media/covers": "covers", ".": "image"}[place]
    assert feature == Image(name, folder=place)
    assert f"# {name}: of 8 of 8 items looked at a file of {place!r} has the id" in guess.toml
    data = load(folder, guess.schema)
    assert data.problems == {} and np.asarray(data.items[name]["present"]).all()


def test_pictures_of_users_whose_ids_are_alike_are_none_of_items(tmp_path):
    folder = with_tables(with_pictures(tmp_path, "user_pictures"), kind="k{}", price="{}.5")
    assert [type(one).__name__ for one in guess_schema(folder).schema.item] == ["Number"]


def test_a_folder_whose_files_a_column_names_is_no_second_feature(tmp_path):
    folder = with_tables(with_pictures(tmp_path), image="images/i{}.png")
    assert guess_schema(folder).schema.item == (Image("image"),)


def test_names_without_their_folder_are_found_by_id_where_they_are_the_ids(tmp_path):
    folder = with_tables(with_pictures(tmp_path), images="i{}.png")
    guess = guess_schema(folder)
    assert guess.schema.item == (Image("images", folder="images"),)
    assert "df['images'] = 'images/' + df['images']" in guess.left_out["items.csv: images"]


def test_a_name_that_another_feature_has_is_not_given_again(tmp_path):
    folder = with_tables(with_pictures(tmp_path), images="1.{}5")
    guess = guess_schema(folder)
    assert [(type(one).__name__, one.column) for one in guess.schema.item] == [
        ("Number", "images"),
        ("Image", "images_image"),
    ]
