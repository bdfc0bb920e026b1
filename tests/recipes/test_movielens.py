"""The MovieLens converters: on a handful of made-up rows in the same layout, and on the real data."""

import csv
import gzip
import hashlib
import shutil
import tomllib
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest

from tfmmrec.recipes import movielens
from tfmmrec.recipes.movielens import convert_1m, convert_100k

TEXT_COLUMNS = "movie_id,title,imdb_id,year,genre,director,actors,plot,imdb_rating,abstract"


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding=encoding, newline="")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def source(tmp_path):
    """Both editions: four films each, ties in time, missing posters and texts, latin-1 and quoted titles."""
    root = tmp_path / "source"
    folder = root / "movielens"
    write(folder / "ml-100k/u.genre", "unknown|0\nAction|1\nChildren's|2\n\n")
    write(
        folder / "ml-100k/u.item",
        "7|Misérables, Les (1995)|20-Oct-1995||http://x|0|1|0\n"
        '3|"Quoted", 2 (1956) (1990)|01-Jan-1996||http://x|0|1|1\n'
        "5|unknown||||1|0|0\n"
        "9|Land, The (1988) (V)|01-Jan-1988||http://x|0|0|1\n",
        "latin-1",
    )
    write(folder / "ml-100k/u.user", "2|24|M|technician|85711\n1|53|F|other|T8H1N\n")
    # User 1 has three events at time 50, in an order that neither the items nor the ratings follow.
    write(folder / "ml-100k/u.data", "1\t7\t3\t50\n2\t5\t5\t60\n1\t9\t4\t50\n1\t3\t1\t50\n2\t7\t2\t10\n")

    write(
        folder / "ml-1m/movies.dat",
        '10::Plain (1980)::Drama\n30::Café: a, "b" (1971)::Action|Sci-Fi\n20::Never seen (1999)::War\n'
        "40::No poster (1962)::Comedy\n",
        "latin-1",
    )
    write(folder / "ml-1m/users.dat", "5::M::56::16::98107-2117\n6::F::1::10::48067\n8::M::25::0::01702\n")
    write(folder / "ml-1m/sas_to_original_items.txt", "1 30\n2 40\n3 10\n")
    write(folder / "ml-1m/sas_to_original_users.txt", "1 6\n2 5\n")
    (folder / "ml-1m/ml-1m.txt.gz").write_bytes(gzip.compress(b"1 1\n1 3\n1 2\n2 3\n2 1\n"))

    plot = '"A ""plot"", in  two\nlines"'
    people = '"Ann Lee, Bo Ek(co-director)","Cy Fox, Di Gil"'
    rows = "".join(
        f"{movie},t,1,2011,g,{people},{plot},9.9,About it\n" for movie in ("3", "7", "10", "20", "30")
    )
    for edition in ("ml-100k", "ml-1m"):
        write(folder / f"{edition}-text.csv", f"{TEXT_COLUMNS}\n{rows}")
    write(
        folder / "posters.csv",
        "dataset,movie_id,imdb_id,file,source\n"
        "ml-100k,7,1,tt7.jpg,a\nml-100k,3,1,tt7.jpg,a\nml-100k,9,1,tt9.jpg,a\n"
        "ml-1m,30,1,tt30.jpg,a\nml-1m,20,1,tt20.jpg,a\nml-1m,10,1,tt9.jpg,a\n",
        "utf-8-sig",  # as a spreadsheet saves it
    )
    for name in ("tt7", "tt9", "tt20", "tt30", "unused"):
        write(folder / f"posters/{name}.jpg", f"picture {name}")
    return root


class TestConvert100k:
    def test_events_keep_the_order_of_the_file(self, source, tmp_path):
        folder = convert_100k(source, tmp_path / "out")
        assert folder == tmp_path / "out"
        assert (folder / "events.csv").read_text() == (
            "user_id,item_id,rating,like,timestamp\n"
            "1,7,3,0,50\n2,5,5,1,60\n1,9,4,1,50\n1,3,1,0,50\n2,7,2,0,10\n"
        )

    def test_items(self, source, tmp_path):
        first, quoted, unknown, video = read(convert_100k(source, tmp_path / "out") / "items.csv")
        assert first == {
            "item_id": "7",
            "title": "Misérables, Les (1995)",
            "plot": 'A "plot", in two lines',
            "abstract": "About it",
            "genres": "Action",
            "year": "1995",
            "director": "Ann Lee|Bo Ek",
            "actors": "Cy Fox|Di Gil",
            "poster": "posters/tt7.jpg",
        }
        assert quoted["title"] == '"Quoted", 2 (1956) (1990)' and quoted["genres"] == "Action|Children's"
        assert quoted["year"] == "1990"  # of the title, not of the text or of the release
        # What is not known stays empty: a missing modality, not the word "unknown".
        assert unknown == {**dict.fromkeys(first, ""), "item_id": "5", "title": "unknown"}
        assert video["year"] == "1988" and video["plot"] == "" and video["poster"] == "posters/tt9.jpg"

    def test_users_without_their_whole_zip_code(self, source, tmp_path):
        assert (convert_100k(source, tmp_path / "out") / "users.csv").read_text() == (
            "user_id,gender,age,occupation,zip_area\n2,M,24,technician,8\n1,F,53,other,T\n"
        )

    def test_schema_names_columns_that_are_there(self, source, tmp_path):
        folder = convert_100k(source, tmp_path / "out")
        schema = tomllib.loads((folder / "schema.toml").read_text())
        assert schema["timestamp"] == "timestamp" and "order" not in schema
        assert_columns_exist(schema, folder)
        assert schema["task"] == [
            {"task": "NextItem"},
            {"task": "Rating", "column": "rating"},
            {"task": "Binary", "column": "like"},
        ]

    def test_rating_out_of_range(self, source, tmp_path):
        write(source / "movielens/ml-100k/u.data", "1\t7\t6\t50\n")
        with pytest.raises(ValueError, match="ratings of 1 to 5 .* got '6' of user 1 for item 7"):
            convert_100k(source, tmp_path / "out")


class TestConvert1m:
    def test_events_get_the_original_ids_in_the_order_of_the_file(self, source, tmp_path):
        folder = convert_1m(source, tmp_path / "out")
        assert (folder / "events.csv").read_text() == "user_id,item_id\n6,30\n6,10\n6,40\n5,10\n5,30\n"

    def test_items_are_those_of_the_sequences_in_their_order(self, source, tmp_path):
        folder = convert_1m(source, tmp_path / "out")
        items = read(folder / "items.csv")
        assert [(item["item_id"], item["title"], item["genres"], item["poster"]) for item in items] == [
            ("30", 'Café: a, "b" (1971)', "Action|Sci-Fi", "posters/tt30.jpg"),
            ("40", "No poster (1962)", "Comedy", ""),
            ("10", "Plain (1980)", "Drama", "posters/tt9.jpg"),
        ]
        assert items[0]["plot"] == 'A "plot", in two lines' and items[1]["plot"] == ""
        assert [path.name for path in sorted((folder / "posters").iterdir())] == ["tt30.jpg", "tt9.jpg"]

    def test_users_are_spelled_out(self, source, tmp_path):
        assert (convert_1m(source, tmp_path / "out") / "users.csv").read_text() == (
            "user_id,gender,age,occupation,zip_area\n6,F,under 18,K-12 student,4\n5,M,56+,self-employed,9\n"
        )

    def test_schema_is_ordered_by_the_file(self, source, tmp_path):
        folder = convert_1m(source, tmp_path / "out")
        schema = tomllib.loads((folder / "schema.toml").read_text())
        assert schema["order"] == "file" and "timestamp" not in schema
        assert schema["task"] == [{"task": "NextItem"}] and "event" not in schema
        assert_columns_exist(schema, folder)

    @pytest.mark.parametrize(
        ("file", "text", "match"),
        [
            ("sas_to_original_items.txt", "1 30\n2 40\n", "sas_to_original_items.txt .* lacks item 3"),
            ("sas_to_original_users.txt", "1 6\n", "sas_to_original_users.txt .* lacks user 2"),
            ("sas_to_original_items.txt", "1 30\n2 40\n3 77\n", "movies.dat to list movie 77"),
            ("sas_to_original_users.txt", "1 6\n2 7\n", "users.dat to list user 7"),
            ("users.dat", "6::F::2::10::48067\n5::M::56::16::1\n", "got age 2 and occupation 10 for user 6"),
            ("users.dat", "6::F::1::21::48067\n5::M::56::16::1\n", "got age 1 and occupation 21 for user 6"),
        ],
    )
    def test_files_that_do_not_fit_together(self, source, tmp_path, file, text, match):
        write(source / "movielens/ml-1m" / file, text)
        with pytest.raises(ValueError, match=match):
            convert_1m(source, tmp_path / "out")


def assert_columns_exist(schema: dict, folder: Path) -> None:
    for part, table in (("item", "items"), ("user", "users"), ("event", "events"), ("task", "events")):
        there = set(read(folder / f"{table}.csv")[0])
        assert {entry["column"] for entry in schema.get(part, []) if "column" in entry} <= there
    assert {schema["user_id"], schema["item_id"]} <= set(read(folder / "events.csv")[0])


@pytest.mark.parametrize("convert", [convert_100k, convert_1m])
class TestBoth:
    def test_movielens_folder_itself_gives_the_same(self, source, tmp_path, convert):
        one, two = (
            convert(source, tmp_path / "one"),
            convert(str(source / "movielens"), str(tmp_path / "two")),
        )
        files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
        assert files == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
        assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)

    def test_posters_are_whole_and_only_those_named(self, source, tmp_path, convert):
        folder = convert(source, tmp_path / "out")
        named = {item["poster"] for item in read(folder / "items.csv")} - {""}
        assert named == {f"posters/{path.name}" for path in (folder / "posters").iterdir()}
        for name in named:
            assert (folder / name).read_bytes() == (source / "movielens" / name).read_bytes()

    def test_ratings_of_imdb_are_not_written(self, source, tmp_path, convert):
        assert "9.9" not in (convert(source, tmp_path / "out") / "items.csv").read_text()

    def test_a_second_call_writes_nothing(self, source, tmp_path, convert, monkeypatch):
        folder = convert(source, tmp_path / "deep/out")
        write(folder / "schema.toml", "# edited")
        monkeypatch.setattr(movielens, "write_csv", lambda *_: pytest.fail("written again"))
        assert convert(source, folder) == folder
        assert (folder / "schema.toml").read_text() == "# edited"
        assert [path.name for path in folder.parent.iterdir()] == ["out"]

    def test_a_changed_source_does_not_overwrite(self, source, tmp_path, convert):
        folder = convert(source, tmp_path / "out")
        before = (folder / "items.csv").read_bytes()
        write(source / "movielens/posters/tt9.jpg", "another picture")
        with pytest.raises(ValueError, match="converted from another source.*remove it"):
            convert(source, folder)
        assert (folder / "items.csv").read_bytes() == before

    def test_a_changed_schema_is_another_version(self, source, tmp_path, convert, monkeypatch):
        folder = convert(source, tmp_path / "out")
        for name in ("ML_100K", "ML_1M"):
            monkeypatch.setattr(movielens, name, replace(getattr(movielens, name), schema="# newer"))
        with pytest.raises(ValueError, match="by another version"):
            convert(source, folder)

    def test_a_conversion_that_lost_a_file(self, source, tmp_path, convert):
        folder = convert(source, tmp_path / "out")
        (folder / "users.csv").unlink()
        with pytest.raises(ValueError, match="without its users.csv"):
            convert(source, folder)

    def test_a_destination_in_use(self, source, tmp_path, convert):
        write(tmp_path / "out/mine.txt", "keep")
        with pytest.raises(
            ValueError, match="new, empty or the conversion.* it holds mine.txt.*another folder"
        ):
            convert(source, tmp_path / "out")
        assert (tmp_path / "out/mine.txt").read_text() == "keep"
        with pytest.raises(ValueError, match="to be a folder, got the file"):
            convert(source, tmp_path / "out/mine.txt")

    def test_an_empty_destination_is_filled(self, source, tmp_path, convert):
        (tmp_path / "out").mkdir()
        assert (convert(source, tmp_path / "out") / "events.csv").is_file()

    def test_a_failure_leaves_nothing_behind(self, source, tmp_path, convert):
        write(source / "movielens/ml-100k/u.data", "1\t7\t3\t50\n1\t7\t3\n")
        (source / "movielens/ml-1m/ml-1m.txt.gz").write_bytes(gzip.compress(b"1 1\n1 3 5\n"))
        with pytest.raises(ValueError, match=r"\(user item.*line 2 of .*got 3: .*right file, and whole"):
            convert(source, tmp_path / "made/out")
        assert list((tmp_path / "made").iterdir()) == []

    def test_two_at_once(self, source, tmp_path, convert, monkeypatch):
        """The one that comes second finds the folder finished, and takes it."""
        write_csv = movielens.write_csv

        def overtaken(*arguments):
            monkeypatch.setattr(movielens, "write_csv", write_csv)
            convert(source, tmp_path / "made/out")
            write_csv(*arguments)

        monkeypatch.setattr(movielens, "write_csv", overtaken)
        assert (convert(source, tmp_path / "made/out") / "events.csv").is_file()
        assert [path.name for path in (tmp_path / "made").iterdir()] == ["out"]

    def test_source_that_is_no_folder(self, source, tmp_path, convert):
        with pytest.raises(ValueError, match="holds movielens/ml-.*nowhere, which is not there"):
            convert(tmp_path / "nowhere", tmp_path / "out")
        with pytest.raises(ValueError, match="posters.csv, which is a file"):
            convert(source / "movielens/posters.csv", tmp_path / "out")

    def test_source_of_another_kind(self, tmp_path, convert):
        write(tmp_path / "other/songs.csv", "")
        (tmp_path / "other/covers").mkdir()
        with pytest.raises(ValueError, match="to hold movielens/ml-.* it holds covers/, songs.csv"):
            convert(tmp_path / "other", tmp_path / "out")

    def test_missing_files_are_named(self, source, tmp_path, convert):
        edition = "ml-100k" if convert is convert_100k else "ml-1m"
        (source / f"movielens/{edition}-text.csv").unlink()
        shutil.rmtree(source / "movielens/posters")
        first = "u.data" if convert is convert_100k else "ml-1m.txt.gz"
        with pytest.raises(ValueError, match=f"{edition}-text.csv, posters, but {edition}/ holds {first}, "):
            convert(source, tmp_path / "out")

    def test_a_poster_that_is_named_but_not_there(self, source, tmp_path, convert):
        (source / "movielens/posters/tt9.jpg").unlink()
        with pytest.raises(ValueError, match="names 'tt9.jpg' for movie .*take its row out of posters.csv"):
            convert(source, tmp_path / "out")

    def test_a_poster_outside_its_folder(self, source, tmp_path, convert):
        with (source / "movielens/posters.csv").open("a") as stream:
            stream.write("ml-100k,5,1,../posters.csv,a\nml-1m,40,1,../posters.csv,a\n")
        with pytest.raises(ValueError, match="names '../posters.csv'"):
            convert(source, tmp_path / "out")

    def test_a_table_without_its_columns(self, source, tmp_path, convert):
        write(source / "movielens/posters.csv", "movie,picture\n7,tt7.jpg\n")
        with pytest.raises(
            ValueError, match="lacks dataset, movie_id, file; its first line is 'movie,picture'"
        ):
            convert(source, tmp_path / "out")


def test_real_100k(tfmmrec_data, tmp_path):
    folder = convert_100k(tfmmrec_data, tmp_path / "out")
    events, users, items = (read(folder / f"{name}.csv") for name in ("events", "users", "items"))
    assert (len(events), len(users), len(items)) == (100_000, 943, 1_682)
    assert {event["user_id"] for event in events} == {user["user_id"] for user in users}
    assert {event["item_id"] for event in events} == {item["item_id"] for item in items}

    rows = "".join(
        "\t".join((e["user_id"], e["item_id"], e["rating"], e["timestamp"])) + "\n" for e in events
    )
    assert rows == (tfmmrec_data / "movielens/ml-100k/u.data").read_text()
    assert Counter(event["rating"] for event in events if event["like"] == "1") == {"4": 34_174, "5": 21_201}
    times = Counter((event["user_id"], event["timestamp"]) for event in events)
    assert sum(count for count in times.values() if count > 1) / len(events) == pytest.approx(0.76, abs=0.01)

    with_poster = [item["poster"] for item in items if item["poster"]]
    assert len(with_poster) == 1_640
    assert len(list((folder / "posters").iterdir())) == len(set(with_poster)) == 1_621
    assert sum(not item["plot"] for item in items) == 11
    by_id = {item["item_id"]: item for item in items}
    assert by_id["543"]["title"] == "Misérables, Les (1995)"
    assert by_id["1"]["genres"] == "Animation|Children's|Comedy"


def test_real_1m(tfmmrec_data, tmp_path):
    folder = convert_1m(tfmmrec_data, tmp_path / "out")
    users, items = read(folder / "users.csv"), read(folder / "items.csv")
    lines = (folder / "events.csv").read_text().splitlines()[1:]
    events = [tuple(line.split(",")) for line in lines]
    assert (len(events), len(users), len(items)) == (999_611, 6_040, 3_416)

    # Row k of the tables is SASRec's number k, so its canonical file comes back to the byte.
    user_of = {user["user_id"]: number for number, user in enumerate(users, 1)}
    item_of = {item["item_id"]: number for number, item in enumerate(items, 1)}
    canonical = "".join(f"{user_of[user]} {item_of[item]}\n" for user, item in events)
    assert hashlib.md5(canonical.encode()).hexdigest() == "f7699aece54d883579ea84535bacdda0"

    # The ids are MovieLens' own: every pair is one of its ratings.
    ratings = pyarrow.parquet.read_table(tfmmrec_data / "movielens/ml-1m/ratings.parquet")
    rated = defaultdict(set)
    for user, item in zip(*(column.to_pylist() for column in ratings.columns[:2]), strict=True):
        rated[user].add(item)
    assert len(set(events)) == len(events) and all(item in rated[user] for user, item in events)

    assert items[0]["title"] == "Raiders of the Lost Ark (1981)" and items[0]["item_id"] == "1198"
    with_poster = [item["poster"] for item in items if item["poster"]]
    assert len(with_poster) == 3_299
    assert len(list((folder / "posters").iterdir())) == len(set(with_poster)) == 3_298
    assert all(item["year"] and item["genres"] for item in items)
    assert Counter(user["gender"] for user in users) == {"M": 4_331, "F": 1_709}
