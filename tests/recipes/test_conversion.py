"""What converters share, on a made-up data set of one table."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tfmmrec.recipes.conversion import (
    RECORD,
    Conversion,
    copy_vectors,
    find_root,
    held_out,
    listing,
    one_line,
    read_csv,
    vector_rows,
    write_csv,
)


@pytest.fixture
def songs(tmp_path):
    """Turns `songs.txt` into `items.csv`."""
    root = tmp_path / "source"
    root.mkdir()
    (root / "songs.txt").write_text("blue\ngreen\n")

    def write(folder: Path) -> None:
        names = (root / "songs.txt").read_text().split()
        write_csv(folder / "items.csv", ("item_id", "name"), enumerate(names))

    return Conversion("songs", 1, root, ("songs.txt",), "# a schema\n", ("items.csv",), write)


def test_a_folder_of_the_tables_the_schema_and_the_record(songs, tmp_path):
    folder = tmp_path / "made/deep/out"
    assert songs.into(folder) == folder
    assert listing(folder) == "conversion.json, items.csv, schema.toml"
    assert (folder / "items.csv").read_text() == "item_id,name\n0,blue\n1,green\n"
    assert (folder / "schema.toml").read_text() == "# a schema\n"
    record = json.loads((folder / RECORD).read_text())
    # sha256 of the schema and of the line 'songs.txt SHA256-OF-IT', by sha256sum
    assert record == {
        "dataset": "songs",
        "version": 1,
        "checksum": "f2710313a90239972a37f7ac058c83227c041904047ba7e1e7db5dadd4828bd4",
    }
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_a_finished_conversion_is_taken_as_it_is(songs, tmp_path):
    folder = songs.into(tmp_path / "out")
    (folder / "schema.toml").write_text("# edited")
    again = replace(songs, write=lambda folder: pytest.fail("written again"))
    assert again.into(folder) == folder
    assert (folder / "schema.toml").read_text() == "# edited"


@pytest.mark.parametrize("change", [{"version": 2}, {"dataset": "tunes"}, {"schema": "# newer\n"}])
def test_another_conversion_is_not_replaced(songs, tmp_path, change):
    folder = songs.into(tmp_path / "out")
    with pytest.raises(ValueError, match="from another source or by another version.*remove it"):
        replace(songs, **change).into(folder)
    (songs.root / "songs.txt").write_text("red\n")
    with pytest.raises(ValueError, match="from another source"):
        songs.into(folder)
    assert "blue" in (folder / "items.csv").read_text()


@pytest.mark.parametrize("lost", ["items.csv", "schema.toml"])
def test_a_conversion_that_lost_a_file(songs, tmp_path, lost):
    folder = songs.into(tmp_path / "out")
    (folder / lost).unlink()
    with pytest.raises(ValueError, match=f"without its {lost}"):
        songs.into(folder)


def test_what_somebody_else_wrote_stays(songs, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "mine.txt").write_text("keep")
    with pytest.raises(ValueError, match="it holds mine.txt.*another folder"):
        songs.into(folder)
    with pytest.raises(ValueError, match="to be a folder, got the file"):
        songs.into(folder / "mine.txt")
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_failure_leaves_nothing(songs, tmp_path):
    def fail(folder: Path) -> None:
        write_csv(folder / "items.csv", ("item_id",), [(1,)])
        raise ValueError("malformed")

    with pytest.raises(ValueError, match="malformed"):
        replace(songs, write=fail).into(tmp_path / "made/out")
    assert list((tmp_path / "made").iterdir()) == []


def test_of_two_at_once_the_second_finds_it_finished(songs, tmp_path):
    folder = tmp_path / "made/out"

    def overtaken(aside: Path) -> None:
        songs.into(folder)
        songs.write(aside)

    assert replace(songs, write=overtaken).into(folder) == folder
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_listing_is_short(tmp_path):
    assert listing(tmp_path) == "nothing"
    (tmp_path / "a").mkdir()
    for number in range(3):
        (tmp_path / f"b{number}").touch()
    assert listing(tmp_path, most=2) == "a/, b0 and 2 more"


def test_csv_there_and_back(tmp_path):
    path = tmp_path / "a.csv"
    write_csv(path, ("id", "name"), [(1, 'a "b", c'), (2, "ü")])
    assert path.read_bytes() == 'id,name\n1,"a ""b"", c"\n2,ü\n'.encode()
    assert list(read_csv(path, "name")) == [{"id": "1", "name": 'a "b", c'}, {"id": "2", "name": "ü"}]
    with pytest.raises(ValueError, match="lacks plot; its first line is 'id,name'"):
        list(read_csv(path, "id", "plot"))


def test_one_line():
    assert one_line("  a\n\tb  c ") == "a b c"


class TestFindRoot:
    def test_the_folder_itself_or_the_one_inside(self, tmp_path):
        inside = tmp_path / "songs"
        inside.mkdir()
        for name in ("a.csv", "b.csv"):
            (inside / name).touch()
        assert find_root(inside, ("a.csv", "b.csv"), "songs") == inside
        assert find_root(tmp_path, ("a.csv", "b.csv"), "songs") == inside

    def test_what_is_missing_is_named_where_the_rest_is(self, tmp_path):
        inside = tmp_path / "songs"
        inside.mkdir()
        (inside / "a.csv").touch()
        with pytest.raises(ValueError, match="songs to hold b.csv, c.csv, but it holds a.csv"):
            find_root(tmp_path, ("a.csv", "b.csv", "c.csv"), "songs")

    def test_no_folder(self, tmp_path):
        with pytest.raises(ValueError, match="holds a.csv, got .*which is not there"):
            find_root(tmp_path / "nowhere", ("a.csv",), "songs")
        (tmp_path / "file").touch()
        with pytest.raises(ValueError, match="which is a file"):
            find_root(tmp_path / "file", ("a.csv",), "songs")


class TestVectors:
    def test_a_copy_is_the_same_file(self, tmp_path):
        np.save(tmp_path / "a.npy", np.ones((3, 2), "float16"))
        assert vector_rows(tmp_path / "a.npy") == 3
        copy_vectors(tmp_path / "a.npy", tmp_path / "b.npy", 3)
        assert (tmp_path / "b.npy").read_bytes() == (tmp_path / "a.npy").read_bytes()

    @pytest.mark.parametrize(
        ("array", "match"),
        [
            (np.ones((2, 4)), "row for each of the 3 items, got 2 rows"),
            (np.ones(3), r"float64 of the shape \(3,\)"),
            (np.array([["a"]] * 3), "got <U1"),
            (np.array([[{}]] * 3), "cannot be read: .*Python objects"),
        ],
        ids=("too few", "one axis", "words", "objects"),
    )
    def test_what_is_no_vectors_of_these_items(self, tmp_path, array, match):
        np.save(tmp_path / "a.npy", array)
        with pytest.raises(ValueError, match=match):
            copy_vectors(tmp_path / "a.npy", tmp_path / "b.npy", 3)
        assert not (tmp_path / "b.npy").exists()


def test_the_split_of_an_id_is_its_own():
    # sha256sum of d begins with 18ac, of b with 3e23, of a with ca97: .096, .243 and .791 of 10000
    assert [held_out(key) for key in "dba"] == ["test", "valid", "train"]
    found = Counter(held_out(str(key)) for key in range(10_000))
    assert abs(found["test"] - 2_000) < 120 and abs(found["valid"] - 1_000) < 90
