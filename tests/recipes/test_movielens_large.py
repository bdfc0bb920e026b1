"""The converter of the large editions of MovieLens, on a few made-up rows in their layout."""

import csv

import pyarrow.parquet
import pytest

from tfmmrec.data import load
from tfmmrec.recipes import movielens_large
from tfmmrec.recipes.movielens_large import convert
from tfmmrec.schema import Schema

RATINGS = "userId,movieId,rating,timestamp\n1,7,3.5,50\n1,3,4.0,50\n1,9,0.5,70\n20,7,5.0,10\n20,3,4.5,20\n"


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "ml-25m"
    root.mkdir()
    (root / "ratings.csv").write_text(RATINGS)
    (root / "movies.csv").write_text(
        'movieId,title,genres\n3,"Misérables, Les (1995)",Action|Sci-Fi\n'
        '7,"""Quoted"" (1956) (1990)",Comedy\n9,Untold,(no genres listed)\n',
        encoding="utf-8",
    )
    (root / "links.csv").write_text("movieId,imdbId,tmdbId\n3,0114709,862\n7,12345678,\n")
    (root / "tags.csv").write_text(
        "userId,movieId,tag,timestamp\n1,3,Dark,5\n2,3,slow|sad,5\n3,3,dark ,5\n3,3,bleak,5\n"
        '4,3,bleak,6\n5,3,DARK,6\n5,7,"new, bold",6\n5,7, ,6\n6,3,slow|sad,9\n6,3,slow|sad,10\n'
    )
    return root


def test_items(source, tmp_path):
    with (convert(source, tmp_path / "out") / "items.csv").open(encoding="utf-8") as stream:
        first, quoted, untold = csv.DictReader(stream)
    assert first == {
        "item_id": "3",
        "title": "Misérables, Les (1995)",
        "genres": "Action|Sci-Fi",
        "year": "1995",
        "imdb_id": "tt0114709",
        "tmdb_id": "862",
        # three users, then two each, in the order of the alphabet; said twice by one user counts once
        "tags": "dark|bleak|slow sad",
    }
    assert quoted["title"] == '"Quoted" (1956) (1990)' and quoted["year"] == "1990"
    assert quoted["imdb_id"] == "tt12345678" and quoted["tmdb_id"] == "" and quoted["tags"] == "new, bold"
    assert untold == {**dict.fromkeys(first, ""), "item_id": "9", "title": "Untold"}


def test_events_keep_the_order_of_the_file(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    assert pyarrow.parquet.read_table(folder / "events.parquet").to_pydict() == {
        "user_id": [1, 1, 1, 20, 20],
        "item_id": [7, 3, 9, 7, 3],
        "rating": [3.5, 4.0, 0.5, 5.0, 4.5],
        "like": [0, 1, 0, 1, 1],
        "timestamp": [50, 50, 70, 10, 20],
    }


def test_at_most_twenty_tags(source, tmp_path):
    rows = "".join(f"{user},9,t{tag:02},1\n" for tag in range(30) for user in range(30 - tag))
    (source / "tags.csv").write_text("userId,movieId,tag,timestamp\n" + rows)
    with (convert(source, tmp_path / "out") / "items.csv").open() as stream:
        *_, film = csv.DictReader(stream)
    assert film["tags"] == "|".join(f"t{tag:02}" for tag in range(20))


def test_no_tags_at_all(source, tmp_path):
    (source / "tags.csv").write_text("userId,movieId,tag,timestamp\n")
    with (convert(source, tmp_path / "out") / "items.csv").open() as stream:
        assert {row["tags"] for row in csv.DictReader(stream)} == {""}


def test_ratings_are_streamed(source, tmp_path, monkeypatch):
    """Every block that is read is written before the next one is."""
    users = range(1, 2001)
    rows = "".join(f"{user},{(3, 7, 9)[user % 3]},4.0,{user}\n" for user in users)
    (source / "ratings.csv").write_text("userId,movieId,rating,timestamp\n" + rows)
    monkeypatch.setattr(movielens_large, "_BLOCK", 2048)
    with pyarrow.parquet.ParquetFile(convert(source, tmp_path / "out") / "events.parquet") as file:
        assert file.num_row_groups == -(-(source / "ratings.csv").stat().st_size // 2048)
        assert file.read()["user_id"].to_pylist() == list(users)


def test_it_can_be_loaded(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    data = load(folder, Schema.from_toml(folder / "schema.toml"))
    assert data.user_ids == ["1", "20"] and data.item_ids == ["7", "3", "9"] and data.problems == {}
    assert data.events.labels["rating"].tolist() == [3.5, 4.0, 0.5, 5.0, 4.5]
    assert data.events.split.tolist() == [0, 1, 2, 0, 0]


@pytest.mark.parametrize(
    ("file", "text", "match"),
    [
        ("ratings.csv", RATINGS.replace("3.5", "3.7"), "steps of a half.* got {'userId': 1, .*3.7"),
        ("ratings.csv", RATINGS.replace("3.5", "5.5"), "got .*5.5"),
        ("ratings.csv", RATINGS.replace("3.5", "0.0"), "got .*'rating': 0.0"),
        ("ratings.csv", RATINGS.replace("3.5", ""), "got .*'rating': None"),
        ("ratings.csv", RATINGS.replace("3.5", "good"), "ratings.csv .* cannot be read: .*'good'"),
        ("ratings.csv", RATINGS.replace(",70", ""), "Expected 4 columns, got 3"),
        ("ratings.csv", "user,movie\n1,2\n", "columns userId, movieId, rating, timestamp"),
        ("movies.csv", "movieId,title\n1,a\n", "lacks genres"),
    ],
)
def test_malformed_files(source, tmp_path, file, text, match):
    (source / file).write_text(text)
    with pytest.raises(ValueError, match=match):
        convert(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(source, tmp_path):
    (source / "links.csv").unlink()
    with pytest.raises(ValueError, match="to hold links.csv, but it holds movies.csv, ratings.csv, tags.csv"):
        convert(source, tmp_path / "out")
