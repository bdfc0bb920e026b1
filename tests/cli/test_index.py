"""`tfmmrec index`: items added and removed, and another index, without training."""

import json
import os
import shutil

import pytest
from PIL import Image


@pytest.fixture
def model(exported, tmp_path):
    """A model's folder with version 1, which a test may change."""
    shutil.copytree(exported.folder, tmp_path / "films" / "1")
    return tmp_path / "films"


@pytest.mark.parametrize("command", ["add", "remove", "rebuild"])
def test_every_help_has_an_example(tfmmrec, command):
    result = tfmmrec("index", command, "--help")
    assert result.exit_code == 0 and f"tfmmrec index {command} savedmodels" in result.stdout


def test_items_are_added_and_removed(model, tfmmrec, tmp_path):
    new = tmp_path / "new-films"
    new.mkdir()
    Image.new("RGB", (20, 30), (9, 10, 200)).save(new / "12.png")
    (new / "items.csv").write_text("item_id,genre,poster\nf12,A,12.png\nf3,B,\n,A,\n")
    done = tfmmrec("index", "add", model, new)
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{model / '2'}: 13 items, 1 added, 1 replaced.\n"
    assert "1 × items: empty item id" in done.stderr
    assert json.loads((model / "dead_letters.jsonl").read_text())["reason"] == "empty item id"
    found = tfmmrec("recommend", model / "2", "--user", "u0", "--k", "13", "--json")
    assert found.exit_code == 0 and '"f12"' in found.stdout

    (tmp_path / "gone.txt").write_text("f12\n\nf0\n")
    done = tfmmrec("index", "remove", model, "f1", "--ids", tmp_path / "gone.txt", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["path"], told["items"]) == (str(model / "3"), 10)
    assert told["removed"] == ["f1", "f12", "f0"] and told["events"] > 0
    assert sorted(os.listdir(model)) == ["1", "2", "3", "dead_letters.jsonl"]


def test_another_index(model, tfmmrec):
    done = tfmmrec("index", "rebuild", model, "--index", "ivf", "--recall-target", "0.9", "--filter", "genre")
    assert done.exit_code == 0, done.output
    assert done.stdout == f"{model / '2'}: 12 items.\n"
    about = json.loads((model / "2" / "assets.extra" / "about.json").read_text("utf-8"))
    assert about["index"] == {"name": "ivf", "recall_target": 0.9} and about["filters"] == ["genre"]


def test_what_is_refused(model, tfmmrec, tmp_path):
    for arguments, said in (
        (["remove", model], "Name their ids"),
        (["remove", model, "f99"], "has no item 'f99'"),
        (["rebuild", model, "--recall-target", "0.9"], "give both"),
        (["rebuild", tmp_path / "nothing"], "There is no export in"),
        (["add", tmp_path / "nothing", tmp_path], "There is no export in"),
        (["add", model, tmp_path / "nowhere"], "was not found"),
    ):
        refused = tfmmrec("index", *arguments)
        assert refused.exit_code == 2, refused.output
        assert said in refused.stderr
    assert os.listdir(model) == ["1"]
