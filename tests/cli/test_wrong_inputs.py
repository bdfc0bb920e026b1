"""Everything somebody new would get wrong ends in a sentence and exit code 2, not in a traceback."""

import errno
import os
import shutil
from pathlib import Path

import pytest


def told(result, *words):
    """Checks that a command failed with a sentence of these words on standard error."""
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--fusion", "nope"), ("There is no fusion 'nope'", "transformer")),
        (("--sharing", "nope"), ("There is no sharing 'nope'",)),
        (("--graph", "gcn"), ("There is no graph 'gcn'", "lightgcn")),
        (("--balancing", "pcgard"), ("There is no balancing 'pcgard'", "pcgrad")),
        (("--negatives", "hard"), ("There is no negatives 'hard'", "mined")),
        (("--alignment", "contrast"), ("Did you mean 'contrastive'",)),
        (("--item-vectors", "nope"), ("item_vectors must be auto",)),
        (("--width", "10"), ("width must be a multiple of 4",)),
        (("--split", "leave-one-out"), ("There is no split 'leave-one-out'", "leave-last-out")),
        (("--cold-items", "1.5"), ("cold_items is the share",)),
        (("--only-item", "posters"), ("There is no item feature named 'posters'", "poster")),
        (("--only-task", "rating"), ("There is no task named 'rating'",)),
        (("--k", "ten"), ("--k takes whole numbers", "'ten'")),
        (("--k", "0,10"), ("--k takes whole numbers",)),
        (("--epochs", "0"), ("--epochs",)),
        (("--width", "wide"), ("--width",)),
        (("--name", "a", "--run", "b"), ("--name a or --run b, not both",)),
        (("--schema", "nowhere.toml"), ("Schema file 'nowhere.toml' was not found",)),
        (("--dtype", "float3"), ("float3",)),
        (("--all-devices",), ("KERAS_BACKEND=jax", "leave --all-devices")),
        (("--nonsense",), ("--nonsense",)),
    ],
    ids=lambda given: " ".join(given),
)
def test_an_option_of_train(films, tfmmrec, monkeypatch, tmp_path, arguments, words):
    monkeypatch.chdir(tmp_path)
    told_ = tfmmrec("train", films, *arguments)
    told(told_, *words)
    assert not (tmp_path / "runs" / "films" / "model.keras").exists()


def test_an_unknown_monitor(films, tfmmrec, tmp_path):
    small = ("--only-item", "item_id", "--width", "8", "--epochs", "1", "--run", tmp_path / "run")
    result = tfmmrec("train", films, "--monitor", "ndgc@10", *small)
    assert result.exit_code == 2 and "no validation metric 'ndgc@10'" in result.stderr


def test_a_folder_that_is_not_there(films, tfmmrec):
    told(tfmmrec("train", films.with_name("film")), "was not found", "Did you mean", "films")


def test_a_file_in_place_of_the_folder(films, tfmmrec):
    told(tfmmrec("train", films / "events.csv"), "is a file; give the folder that holds it")


def test_a_folder_without_a_schema(own_films, tfmmrec):
    folder = own_films()
    (folder / "schema.toml").unlink()
    told(tfmmrec("train", folder), "schema.toml", "was not found")


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('column = "genre"', 'column = "genres"', ("no column 'genres'", "Did you mean 'genre'")),
        ('modality = "Image"', 'modality = "Picture"', ("there is no modality 'Picture'", "Image")),
        ("height = 16", "hight = 16", ("unknown setting 'hight'", "Did you mean 'height'")),
        ('timestamp = "timestamp"', "", ("NextItem needs an order", "Match()")),
        ('timestamp = "timestamp"', 'timestamp = "time"', ("no column 'time'",)),
        ("[[item]]", "[[item]", ("is no valid TOML",)),
        ('task = "NextItem"', 'task = "Next"', ("there is no task 'Next'", "Did you mean 'NextItem'")),
    ],
    ids=["column", "modality", "setting", "no order", "no time", "no toml", "task"],
)
def test_a_mistake_in_the_schema(own_films, tfmmrec, tmp_path, before, after, words):
    folder = own_films()
    text = (folder / "schema.toml").read_text()
    assert before in text
    (folder / "schema.toml").write_text(text.replace(before, after, 1))
    told(tfmmrec("train", folder, "--run", tmp_path / "run"), *words)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("table", "contents", "words"),
    [
        ("events.csv", b"", ("is an empty file",)),
        ("events.csv", b"user_id,item_id,timestamp,like\n", ("has no rows",)),
        ("items.csv", b"item_id,title,genre,poster\nf1,\xff,A,\n", ("cannot be used", "raise max_dead")),
        ("items.csv", b"item_id,title,genre,poster\nz,A,A,\n", ()),
    ],
    ids=["empty", "header alone", "not UTF-8", "no item known"],
)
def test_a_table_that_cannot_be_used(own_films, tfmmrec, tmp_path, table, contents, words):
    folder = own_films()
    (folder / table).write_bytes(contents)
    told(tfmmrec("train", folder, "--run", tmp_path / "run"), *words)


def test_a_table_that_is_missing(own_films, tfmmrec, tmp_path):
    folder = own_films()
    (folder / "events.csv").rename(folder / "interactions.csv")
    told(tfmmrec("train", folder, "--run", tmp_path / "run"), "'events' is missing", "interactions.csv")


def test_a_run_folder_that_holds_something_else(own_films, tfmmrec):
    folder = own_films()
    told(tfmmrec("train", folder, "--run", folder / "posters"), "is no run folder")
    told(tfmmrec("train", folder, "--run", folder / "events.csv"), "is a file")


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (
            errno.ENOSPC,
            ("No space left on device: '/disk/run'. Free some of it, or give a folder on another",),
        ),
        (errno.EDQUOT, ("Disk quota exceeded: '/disk/run'. Free some of it",)),
        (errno.EROFS, ("Read-only file system: '/disk/run'. Give a folder that can be written to.",)),
        (errno.EACCES, ("Permission denied: '/disk/run'. Give another one, or change who may use it.",)),
        (errno.EIO, ("Input/output error: '/disk/run'\n",)),
    ],
    ids=lambda given: errno.errorcode[given] if isinstance(given, int) else "",
)
def test_a_disk_that_takes_no_more(films, tfmmrec, monkeypatch, tmp_path, number, words):
    from tfmmrec.recipes import training_run

    def refused(*_):
        raise OSError(number, os.strerror(number), "/disk/run")

    monkeypatch.setattr(training_run, "training_run", refused)
    told(tfmmrec("train", films, "--run", tmp_path / "run", "--quiet"), *words)


@pytest.mark.parametrize("command", ["evaluate", "export"])
def test_an_unknown_run(trained, tfmmrec, command):
    near = Path(trained.folder.name)
    told(tfmmrec(command, trained.folder.with_name("movies")), "no trained model", f"beside it: {near}")


def test_a_run_without_its_shards(unshared, tfmmrec):
    shutil.rmtree(unshared / "prepared")
    told(tfmmrec("evaluate", unshared), "holds no prepared shards")


def test_a_split_there_is_not(trained, tfmmrec):
    told(tfmmrec("evaluate", trained.folder, "--split", "train"), "--split")


def test_an_export_that_is_no_version(trained, tfmmrec, tmp_path):
    told_ = tfmmrec("export", trained.folder, tmp_path / "films")
    assert told_.exit_code == 2 and "ends in a whole number" in told_.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--user", "nobody"), ("User 'nobody' is not known",)),
        (("--history", "f1,f77"), ("Item 'f77' is not in the catalogue",)),
        (("--history", ","), ("--history takes names",)),
        (("--user", "u1", "--k", "0"), ("--k",)),
        (("--user", "u1", "--data", "nowhere"), ("'nowhere' was not found",)),
    ],
    ids=lambda given: " ".join(given),
)
def test_a_question_that_cannot_be_answered(exported, tfmmrec, arguments, words):
    told(tfmmrec("recommend", exported.folder, *arguments), *words)


def test_no_export(tfmmrec, tmp_path):
    told(tfmmrec("recommend", tmp_path / "films", "--user", "u1"), "There is no folder")
    told(tfmmrec("recommend", tmp_path, "--user", "u1"), "There is no export in")


def test_a_conversion_of_nothing(tfmmrec, tmp_path):
    told(tfmmrec("convert", "movielens-100k", tmp_path, tmp_path / "films"), "ml-100k")
    told(tfmmrec("convert", "movielens", tmp_path, tmp_path / "films"), "movielens-100k")


def test_debug_shows_where(tfmmrec):
    for arguments in (("--debug", "train", "nowhere"), ("train", "nowhere", "--debug")):
        result = tfmmrec(*arguments)
        assert isinstance(result.exception, ValueError)
        assert "was not found" in str(result.exception)
