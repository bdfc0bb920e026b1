"""The tables of a folder: found, or an error that says what is there."""

import pytest

from tfmmrec.data.readers import check_folder, find_table


def files(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    return folder


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
    with pytest.raises(ValueError, match="Did you mean 'event.csv'. It holds: event.csv, notes.txt"):
        find_table(tmp_path, "events", why="a model needs it")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="It holds: nothing"):
        find_table(tmp_path / "empty", "events", why="a model needs it")


def test_a_table_that_is_there_twice(tmp_path):
    files(tmp_path, "events.csv", "events.parquet")
    with pytest.raises(ValueError, match="more than once: events.csv, events.parquet. Keep one"):
        find_table(tmp_path, "events")
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


def test_a_long_listing_is_cut(tmp_path):
    files(tmp_path, *(f"{i:02d}.txt" for i in range(20)))
    with pytest.raises(ValueError, match="It holds: 00.txt, .* 11.txt and 8 more"):
        find_table(tmp_path, "events", why="a model needs it")
