"""The tables of a folder: found, or an error that says what is there."""

import ast
import tomllib

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from tfmmrec.data.cells import number_ids
from tfmmrec.data.dead_letters import DeadLetters
from tfmmrec.data.readers import check_folder, find_table, read_table, table_files


def files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


def said(error):
    """The tables of the last lines of a message: of its TOML, and of its Python."""
    lines = str(error.value).splitlines()
    toml = tomllib.loads("\n".join(line for line in lines if line.startswith("  ")))
    python = lines[-1].removeprefix("In Python: tables=")
    return toml["tables"], ast.literal_eval(python)


def test_a_folder_that_is_not_there_names_the_nearest(tmp_path):
    (tmp_path / "movies").mkdir()
    assert check_folder(str(tmp_path / "movies")) == tmp_path / "movies"
    with pytest.raises(ValueError, match="Data folder .*/movis' was not found. Did you mean .*/movies'"):
        check_folder(tmp_path / "movis")
    with pytest.raises(ValueError, match=f"was not found.* folders in '{tmp_path}' are: movies"):
        check_folder(tmp_path / "songs" / "2024")


def test_a_file_is_no_folder(tmp_path):
    files(tmp_path, "events.csv")
    with pytest.raises(ValueError, match="is a file; give the folder that holds it"):
        check_folder(tmp_path / "events.csv")


@pytest.mark.parametrize(
    "name", ["events.csv", "events.csv.gz", "events.parquet", "events.jsonl", "events.jsonl.gz"]
)
def test_a_table_by_its_name(tmp_path, name):
    files(tmp_path, name, "items.csv", "events.txt")
    assert find_table(tmp_path, "events") == tmp_path / name


def test_a_missing_table(tmp_path):
    files(tmp_path, "event.csv", "notes.txt")
    assert find_table(tmp_path, "events") is None
    with pytest.raises(
        ValueError, match="Table 'events' is missing: a model needs it, but .*holds no events.csv"
    ):
        find_table(tmp_path, "events", why="a model needs it")
    with pytest.raises(ValueError, match="Did you mean 'event.csv'. It holds: event.csv, notes.txt") as error:
        find_table(tmp_path, "events", why="a model needs it")
    assert said(error) == ({"events": "…"}, {"events": "…"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="It holds: nothing"):
        find_table(tmp_path / "empty", "events", why="a model needs it")


def test_a_table_that_is_there_twice(tmp_path):
    files(tmp_path, "events.csv", "events.parquet")
    with pytest.raises(ValueError, match="more than once: events.csv, events.parquet. Keep one") as error:
        find_table(tmp_path, "events")
    assert said(error) == ({"events": "events.csv"}, {"events": "events.csv"})
    with pytest.raises(ValueError, match="more than once") as error:
        find_table(tmp_path, "events", {"separator": ";"})
    assert said(error) == ({"events": {"file": "events.csv", "separator": ";"}},) * 2
    assert find_table(tmp_path, "events", "events.parquet") == tmp_path / "events.parquet"


def test_a_table_the_schema_names(tmp_path):
    files(tmp_path, "ratings.csv", "log/clicks.jsonl", "notes.txt")
    assert find_table(tmp_path, "events", "log/clicks.jsonl") == tmp_path / "log" / "clicks.jsonl"
    with pytest.raises(
        ValueError, match="names 'rating.csv' as the table 'events'.*Did you mean 'ratings.csv'"
    ):
        find_table(tmp_path, "events", "rating.csv")
    with pytest.raises(ValueError, match="'notes.txt' .* a table is a file of .csv, .csv.gz, .tsv"):
        find_table(tmp_path, "events", "notes.txt")


def test_a_table_outside_of_the_folder(tmp_path):
    folder = tmp_path / "shop"
    files(tmp_path, "r.csv", "shop/deep/r.csv", "shop/items.csv", "log/a.csv")
    (folder / "link.csv").symlink_to(tmp_path / "r.csv")
    (folder / "users.csv").symlink_to(tmp_path / "r.csv")
    (folder / "log").symlink_to(tmp_path / "log")
    for name in ("../r.csv", str(tmp_path / "r.csv"), "link.csv", "log", "log/a.csv", "deep/../../lost.csv"):
        with pytest.raises(
            ValueError, match="'events' .* outside the data folder .* tables lie below .* Copy"
        ):
            find_table(folder, "events", name)
    with pytest.raises(ValueError, match=r"Table 'users' \(users.csv\) lies outside .*or is a link"):
        find_table(folder, "users")
    (folder / "inside.csv").symlink_to(folder / "deep" / "r.csv")
    for name in ("deep/r.csv", "deep/../deep/r.csv", "inside.csv"):
        assert find_table(folder, "events", {"file": name}) == folder / name
    whole = find_table(folder, "events", str(folder / "deep" / "r.csv"))
    assert whole == folder / "deep" / "r.csv"


def test_a_part_that_is_a_link_out_of_the_folder(read, tmp_path):
    (tmp_path / "events").mkdir()
    (tmp_path.parent / "secret.csv").write_text("a,b\n1,2\n")
    (tmp_path / "events" / "part_1.csv").symlink_to(tmp_path.parent / "secret.csv")
    with pytest.raises(ValueError, match=r"Table 'events' \(events/part_1.csv\) lies outside"):
        read(part_0__csv="a,b\n1,2\n")


def test_a_long_listing_is_cut(tmp_path):
    files(tmp_path, *(f"{i:02d}.txt" for i in range(20)))
    with pytest.raises(ValueError, match="It holds: 00.txt, .* 11.txt and 8 more"):
        find_table(tmp_path, "events", why="a model needs it")


class Parts:
    """A table in a folder of files."""

    def __init__(self, folder):
        self.folder, self.letters = folder, DeadLetters()

    def __call__(self, columns=("a", "b"), optional=(), **texts):
        (self.folder / "events").mkdir(exist_ok=True)
        for name, text in texts.items():
            (self.folder / "events" / name.replace("__", ".")).write_text(text)
        path = find_table(self.folder, "events")
        return read_table(
            self.folder, path, "events", dict.fromkeys(columns, "the test"), self.letters, optional
        )


@pytest.fixture
def read(tmp_path):
    return Parts(tmp_path)


def test_the_files_of_a_folder_are_one_table_in_the_order_of_their_names(read):
    table = read(
        part_2__csv="b,a\n5,6\n",  # another order of columns
        part_0__csv="a,b\n1,2\n1\n3,4\n",
        part_1__csv="a,b\n",  # nothing in it
        part_3__csv="a,b\n7\n8,9\n",
        _SUCCESS="",
    )
    assert [*table.cells("a", np.arange(4))] == ["1", "3", "6", "8"]
    assert [*table.cells("b", np.arange(4))] == ["2", "4", "5", "9"]
    assert [table.where(row) for row in range(4)] == [
        ("events/part_0.csv", 2), ("events/part_0.csv", 4), ("events/part_2.csv", 2), ("events/part_3.csv", 3)
    ]  # fmt: skip
    assert table.places.tolist() == [0, 2, 3, 5]
    assert table.met == 6
    assert [(x.file, x.line) for x in read.letters] == [("events/part_0.csv", 3), ("events/part_3.csv", 2)]


def test_numbers_in_the_names_of_files_are_numbers(tmp_path):
    names = ["9.csv", "part-1.csv", "part-02.csv", "part-2.csv", "part-10.csv", "part-x.csv"]
    files(tmp_path, *(f"events/{name}" for name in sorted(names)))
    assert [file.name for file in table_files(tmp_path / "events")] == names


def test_files_that_do_not_agree_on_a_type(read, tmp_path):
    (tmp_path / "events").mkdir()
    for number, ids in enumerate([["x", "7"], [7, 8]]):
        columns = {"a": ids, "b": ids} | ({"split": ["test", "train"]} if number else {})
        pa.parquet.write_table(pa.table(columns), tmp_path / "events" / f"part-{number}.parquet")
    table = read(optional=["split"])
    assert [*table.cells("a", np.arange(4))] == ["x", "7", 7, 8]
    assert [*table.cells("split", np.arange(4))] == [None, None, "test", "train"]
    assert number_ids(table.columns["a"])[0].tolist() == [0, 1, 1, 2]


def test_folders_that_are_no_table(read, tmp_path):
    with pytest.raises(ValueError, match="file part_1.csv. has no column 'b'|part_1.csv. has no column 'b'"):
        read(part_0__csv="a,b\n1,2\n", part_1__csv="a,c\n1,2\n")
    with pytest.raises(ValueError, match="one table as files of one format .*holds: part_0.csv, .* x.jsonl"):
        read(x__jsonl="{}")
    with pytest.raises(ValueError, match="'events' is there more than once: events.csv, events"):
        files(tmp_path, "events.csv")
        read()


def test_a_folder_of_pictures_is_no_table(tmp_path):
    files(tmp_path, "items/1.jpg", "events.csv")
    assert find_table(tmp_path, "items") is None


def test_a_folder_of_files_may_have_another_name(tmp_path):
    files(tmp_path, "log/a.csv", "log/b.csv")
    path = find_table(tmp_path, "events", {"file": "log"})
    assert [file.name for file in table_files(path)] == ["a.csv", "b.csv"]
