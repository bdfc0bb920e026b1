"""`tfmmrec rank`, and what stands before it where there are no users: one table of labels, trained on."""

import json
from types import SimpleNamespace

import pytest
from PIL import Image

SHADES = {"dark": 20, "light": 230}
SCHEMA = """
user_id = ""

[tables]
events = "things.csv"
items = "things.csv"

[[item]]
modality = "Image"
column = "picture"
height = 16
width = 16
tokens = 1

[[item]]
modality = "Tags"
column = "kinds"

[[task]]
task = "Multiclass"
column = "shade"

[[task]]
task = "Rating"
column = "stars"
"""


@pytest.fixture(scope="module")
def things(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels") / "things"
    folder.mkdir()
    rows = ["item_id,picture,kinds,shade,stars"]
    for n in range(40):
        shade = "dark" if n % 2 else "light"
        Image.new("RGB", (16, 16), (SHADES[shade] + n % 20,) * 3).save(folder / f"{n}.png")
        rows.append(f"t{n},{n}.png,{'a|b' if n % 3 else 'c'},{shade},{1 + n % 5}")
    (folder / "things.csv").write_text("\n".join(rows) + "\n")
    (folder / "schema.toml").write_text(SCHEMA)
    return folder


@pytest.fixture(scope="module")
def judge(tfmmrec, things):
    """A run and an export of it."""
    run, export = things.parent / "run", things.parent / "models/things/1"
    small = ("--width", "8", "--epochs", "8", "--batch-events", "8", "--learning-rate", "0.02")
    trained = tfmmrec("train", things, "--run", run, *small)
    assert trained.exit_code == 0, trained.output
    exported = tfmmrec("export", run, export)
    assert exported.exit_code == 0, exported.output
    return SimpleNamespace(run=run, folder=export, trained=trained, exported=exported)


def test_the_way_there_speaks_of_no_users(tfmmrec, things, judge):
    assert "40 items, 40 examples (32 train, 4 validation, 4 test, 0 cold)" in judge.trained.stderr
    assert "users" not in judge.trained.output + judge.exported.output
    assert f"Next: tfmmrec rank {judge.folder} --candidate t" in judge.exported.stdout
    evaluated = tfmmrec("evaluate", judge.run)
    assert "the labels of 4 held-out examples" in evaluated.stdout and "shade.accuracy" in evaluated.stdout
    inspected = tfmmrec("inspect", things)
    assert "per item" in inspected.stdout
    assert "user" not in inspected.stdout and "density" not in inspected.stdout


def test_a_new_item_is_a_file_and_words(tfmmrec, things, judge):
    told = ("item_picture=" + str(things / "1.png"), "item_kinds=a|b")
    result = tfmmrec("rank", judge.folder, *told)
    assert result.exit_code == 0, result.output
    shown = result.stdout.split("The new item")[1]
    assert "shade" in shown and "dark" in shown and "stars" in shown and "catalogue" not in result.stdout
    answer = json.loads(tfmmrec("rank", judge.folder, *told, "--candidate", "t1", "--json").stdout)
    assert answer["candidates"]["item_id"] == ["t1"] and sorted(answer["classes"]["shade"]) == sorted(SHADES)
    new, known = answer["new_item"], answer["candidates"]  # the same picture and words
    assert new["shade"] == pytest.approx(known["shade"][0], abs=1e-5) and new["shade_class"] == "dark"
    assert new["stars"] == pytest.approx(known["stars"][0], abs=1e-5)


def test_a_known_user_and_candidates(tfmmrec, exported):
    result = tfmmrec("rank", exported.folder, "--user", "u3", "--candidate", "f1,f2", "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert len(answer["candidates"]["score"]) == 2 and answer["new_item"] == {}
    shown = tfmmrec("rank", exported.folder, "--history", "f4", "--candidate", "f1", "item_genre=A")
    assert "Items of the catalogue" in shown.stdout and "The new item" in shown.stdout


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((), "Which items.*--candidate 17,204.*item_kinds=…, item_picture=…"),
        (("item_kinds",), "NAME=VALUE, such as item_name=shirt; got 'item_kinds'"),
        (("item_picture=nowhere.png",), "item_picture is the path of a file, and 'nowhere.png' is none"),
        (("item_pictures=1.png",), "rank takes no 'item_pictures'. Did you mean 'item_picture'"),
        (("--candidate", "t99"), "Item 't99' is not in the catalogue"),
        (
            ("--candidate", "t1", "--user", "1"),
            "rank takes no 'user_id'. Its model was trained without users",
        ),
    ],
)
def test_what_cannot_be_asked(tfmmrec, judge, asked, message):
    import re

    result = tfmmrec("rank", judge.folder, *asked)
    assert result.exit_code == 2 and re.search(message, result.stderr), result.stderr


def test_nobody_is_recommended_anything(tfmmrec, judge):
    result = tfmmrec("recommend", judge.folder, "--user", "1")
    assert result.exit_code == 2 and "trained without users; `rank` judges items" in result.stderr


def test_doctor_estimates_a_run(tfmmrec, things):
    result = tfmmrec("doctor", things, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["estimate"]["steps"] == 1  # 32 examples
