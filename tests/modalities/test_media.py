"""Media: files of the data folder, members of its tar, found by name and by id, and never from elsewhere."""

import io
import os
import tarfile

import pytest

from tfmmrec.modalities.media import file_below, media_by_id, media_of, tar_members


def tar(folder, members, mode="w", **links):
    """media.tar with these contents by name; `links` are name → target."""
    with tarfile.open(folder / "media.tar", mode) as file:
        for name, contents in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(contents)
            file.addfile(entry, io.BytesIO(contents))
        for name, target in links.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, target
            file.addfile(entry)


def read(cell, folder):
    return [medium.read() for medium in media_of(cell, folder)]


def test_files_of_the_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"one")
    (tmp_path / "2.png").write_bytes(b"two")
    assert read("a/1.png| 2.png |", tmp_path) == [b"one", b"two"]
    assert read(["2.png", "a/../a/1.png"], tmp_path) == [b"two", b"one"]
    assert read(None, tmp_path) == read("", tmp_path) == read([], tmp_path) == []


def test_a_folder_stands_for_its_pictures(tmp_path):
    shop = tmp_path / "shop"
    (shop / "17" / "deep").mkdir(parents=True)
    (shop / "notes").mkdir()
    for name in ("b.PNG", "a.jpg", "notes.txt", "deep/c.png"):
        (shop / "17" / name).write_bytes(name.encode())
    assert read("17", shop) == read("17/", shop) == [b"a.jpg", b"b.PNG"]
    assert [medium.name for medium in media_of(["17", "17/a.jpg"], shop)] == [
        "17/a.jpg",
        "17/b.PNG",
        "17/a.jpg",
    ]
    with pytest.raises(ValueError, match=r"folder 'notes' holds no picture \(.jpg, .jpeg, "):
        media_of("notes", shop)
    (tmp_path / "outside.png").write_bytes(b"secret")
    (shop / "17" / "c.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(ValueError, match="'17/c.png' lies outside the data folder"):
        media_of("17", shop)


def test_members_of_the_tar_come_after_the_files(tmp_path):
    long = "posters/" + 150 * "x" + ".png"  # beyond the names of the oldest tars
    tar(tmp_path, {"./posters/1.png": b"one", "posters/2.png": b"old", long: b"long", "é.png": b"accent"})
    assert read(f"posters/1.png|{long}|é.png|posters/./2.png", tmp_path) == [
        b"one",
        b"long",
        b"accent",
        b"old",
    ]
    (tmp_path / "posters").mkdir()
    (tmp_path / "posters" / "2.png").write_bytes(b"new")
    assert read("posters/2.png", tmp_path) == [b"new"]
    with pytest.raises(
        ValueError, match="'posters/3.png' was not found in the data folder nor in its media.tar"
    ):
        media_of("posters/3.png", tmp_path)


def test_a_tar_that_was_replaced_is_read_anew(tmp_path):
    tar(tmp_path, {"1.png": b"one"})
    assert read("1.png", tmp_path) == [b"one"]
    tar(tmp_path, {"0.png": b"zero", "1.png": b"other"})
    os.utime(tmp_path / "media.tar", ns=(1, 1))
    assert read("1.png", tmp_path) == [b"other"]


def test_nothing_comes_from_outside(tmp_path):
    folder, outside = tmp_path / "shop", tmp_path / "outside.png"
    folder.mkdir()
    outside.write_bytes(b"secret")
    (folder / "link.png").symlink_to(outside)
    tar(folder, {"../outside.png": b"x", "/etc/x.png": b"y"}, **{"inside.png": str(outside)})
    for name in ("../outside.png", str(outside), "link.png", "a/../../outside.png", "/etc/x.png"):
        with pytest.raises(ValueError, match="lies outside the data folder"):
            media_of(name, folder)
    with pytest.raises(ValueError, match="not found"):
        media_of("inside.png", folder)
    with pytest.raises(ValueError, match="lies outside"):
        media_by_id(folder, "..", [".png"])


def test_a_tar_that_is_a_link_out_of_the_folder_is_refused(tmp_path):
    folder, outside = tmp_path / "shop", tmp_path / "outside"
    (folder / "deep").mkdir(parents=True)
    outside.mkdir()
    tar(outside, {"1.png": b"secret"})
    (folder / "media.tar").symlink_to(outside / "media.tar")
    for read_it in (lambda: media_of("1.png", folder), lambda: media_by_id(folder, ".", [".png"])):
        with pytest.raises(ValueError, match="'media.tar' lies outside the data folder"):
            read_it()
    tar(folder / "deep", {"1.png": b"one"})
    (folder / "media.tar").unlink()
    (folder / "media.tar").symlink_to(folder / "deep" / "media.tar")
    assert read("1.png", folder) == [b"one"]


def test_files_without_contents(tmp_path):
    (tmp_path / "0.png").write_bytes(b"")
    with pytest.raises(ValueError, match="'0.png' is empty"):
        media_of("0.png", tmp_path)[0].read()
    tar(tmp_path, {"1.png": b"one"})
    (medium,) = media_of("1.png", tmp_path)
    (tmp_path / "media.tar").write_bytes((tmp_path / "media.tar").read_bytes()[: medium.offset + 1])
    with pytest.raises(ValueError, match="'1.png' is cut off in media.tar"):
        medium.read()


@pytest.mark.parametrize("harm", ["packed", "noise", "cut"])
def test_a_tar_that_cannot_be_read_in_place(tmp_path, harm):
    tar(tmp_path, {"1.png": bytes(5000)}, mode="w:gz" if harm == "packed" else "w")
    path = tmp_path / "media.tar"
    if harm == "noise":
        path.write_bytes(b"no tar" * 500)
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(ValueError, match=r"media.tar cannot be read as a tar .*`tar -cf media.tar …`"):
        tar_members(tmp_path)


def test_a_file_that_must_be_there(tmp_path):
    (tmp_path / "words.txt").write_text("car, automobile")
    assert file_below("words.txt", tmp_path, "Thesaurus") == tmp_path / "words.txt"
    with pytest.raises(
        ValueError, match="Thesaurus 'word.txt' was not found in the data folder; write one.$"
    ):
        file_below("word.txt", tmp_path, "Thesaurus", "; write one")
    with pytest.raises(ValueError, match="'../words.txt' lies outside the data folder"):
        file_below("../words.txt", tmp_path, "Thesaurus")


def test_folders_by_id(tmp_path):
    for name in ("17", "2.b", "deep/inner"):
        (tmp_path / "clips" / name).mkdir(parents=True)
    (tmp_path / "clips" / "17.mp4").write_bytes(b"x")
    (tmp_path / "clips" / "plain").write_bytes(b"x")  # a file without an ending is no folder
    assert media_by_id(tmp_path, "clips", ["/"]) == {
        "17": "clips/17/",
        "2.b": "clips/2.b/",
        "deep": "clips/deep/",
    }
    assert media_by_id(tmp_path, "clips", [".mp4", "/"])["17"] == "clips/17.mp4"
    assert media_by_id(tmp_path, "clips", [".mp4"]) == {"17": "clips/17.mp4"}


def test_by_id(tmp_path):
    (tmp_path / "posters").mkdir()
    for name in ("1.png", "1.JPG", "2.b.png", "3.txt", "é.webp"):
        (tmp_path / "posters" / name).write_bytes(b"x")
    tar(tmp_path, {"posters/7.png": b"x", "posters/deep/8.png": b"x", "other/9.png": b"x"})
    found = media_by_id(tmp_path, "posters/", [".jpg", ".png", ".webp"])
    assert found == {
        "1": "posters/1.JPG", "2.b": "posters/2.b.png", "é": "posters/é.webp", "7": "posters/7.png"
    }  # fmt: skip
    with pytest.raises(
        ValueError, match="by id in 'clips', but .* no such folder with any named <id>.wav, <id>.mp3"
    ):
        media_by_id(tmp_path, "clips", [".wav", ".mp3"])
