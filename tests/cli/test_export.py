"""`tfmmrec export`: versions, with and without users."""

import importlib
import json
import os
import shutil


def test_an_export_can_be_asked(exported):
    assert (exported.folder / "saved_model.pb").is_file()
    assert "12 items, 10 users" in exported.result.stdout
    assert f"tfmmrec recommend {exported.folder} --user u0" in exported.result.stdout


def test_where_it_goes_and_who_is_known_in_it(trained, tfmmrec, monkeypatch, tmp_path):
    asked = {}

    def note(model, catalogue, path, **settings):
        assert callable(settings.pop("progress"))
        asked.update(path=path.as_posix(), **settings)
        return path

    monkeypatch.setattr(importlib.import_module("tfmmrec.export"), "export", note)
    monkeypatch.chdir(tmp_path)
    result = tfmmrec("export", trained.folder)
    assert result.exit_code == 0, result.output
    assert (asked["path"], asked["overwrite"]) == ("savedmodels/films/1", False)
    assert list(asked["users"].ids) == [f"u{user}" for user in range(10)]
    result = tfmmrec("export", trained.folder, "savedmodels/b/7", "--without-users", "--replace")
    exact = {"name": "exact"}
    told = {"path": "savedmodels/b/7", "users": None, "index": exact, "overwrite": True, "filters": ()}
    told["updatable"] = True
    assert asked == told
    assert tfmmrec("export", trained.folder, "--filter", "genre", "--filter", "year").exit_code == 0
    assert asked["filters"] == ["genre", "year"]
    assert tfmmrec("export", trained.folder, "--not-updatable").exit_code == 0
    assert asked["updatable"] is False
    assert "0 users" in result.stdout and "--history" in result.stdout


def test_an_index_of_cells_says_what_it_found(trained, tfmmrec, tmp_path):
    done = tfmmrec("export", trained.folder, tmp_path / "1", "--index", "ivf", "--recall-target", "0.9")
    assert done.exit_code == 0, done.output
    told = "cells 1, probes 1, recall@100 1.0, exact from batches of 1, cosine probes 1"
    assert f"Index: {told}" in done.stdout and f"Index of users: {told}" in done.stdout
    about = json.loads((tmp_path / "1" / "assets.extra" / "about.json").read_text("utf-8"))
    assert about["index"] == {"name": "ivf", "recall_target": 0.9}


def test_an_exact_index_takes_no_recall(trained, tfmmrec, tmp_path):
    refused = tfmmrec("export", trained.folder, tmp_path / "1", "--recall-target", "0.9")
    assert refused.exit_code == 2
    assert "An exact index finds everything" in refused.stderr
    assert not (tmp_path / "1").exists()


def test_a_filter_that_cannot_be_is_refused(trained, tfmmrec, tmp_path):
    refused = tfmmrec("export", trained.folder, tmp_path / "1", "--filter", "genra")
    assert refused.exit_code == 2
    assert "Did you mean 'genre'" in refused.stderr
    assert not (tmp_path / "1").exists()


def test_the_same_export_again_says_so_and_prints_the_same(exported, trained, tfmmrec):
    before = {file: file.stat().st_mtime_ns for file in exported.folder.rglob("*")}
    again = tfmmrec("export", trained.folder, exported.folder)
    assert (again.exit_code, again.stdout) == (0, exported.result.stdout)
    assert again.stderr.splitlines() == [
        f"{exported.folder} is this very export of {trained.folder} already; it is not written again."
    ]
    assert {file: file.stat().st_mtime_ns for file in exported.folder.rglob("*")} == before


def test_without_a_path_the_latest_version_is_enough_if_it_is_this_export(
    exported, trained, tfmmrec, monkeypatch, tmp_path
):
    versions = tmp_path / "savedmodels" / trained.folder.name
    shutil.copytree(exported.folder, versions / "3")
    monkeypatch.chdir(tmp_path)
    again = tfmmrec("export", trained.folder, "--json")
    assert again.exit_code == 0 and "is this very export" in again.stderr
    assert json.loads(again.stdout)["path"] == "savedmodels/films/3"
    assert os.listdir(versions) == ["3"]

    asked = []
    to = importlib.import_module("tfmmrec.export")
    monkeypatch.setattr(to, "export", lambda _, __, path, **settings: asked.append(path) or versions / "3")
    (versions / "3").rename(versions / "1")
    (versions / "2").mkdir()  # the latest now, and something else
    assert "Exporting" in tfmmrec("export", trained.folder).stderr
    (versions / "2").rmdir()
    tfmmrec("export", trained.folder, "--without-users")
    tfmmrec("export", trained.folder, "--replace")
    assert [path.name for path in asked] == ["3", "2", "1"]


def test_a_version_is_replaced_only_when_told_to(exported, trained, tfmmrec):
    refused = tfmmrec("export", trained.folder, exported.folder, "--without-users")
    assert refused.exit_code == 2
    assert "is there already" in refused.stderr
    about = json.loads((exported.folder / "assets.extra" / "about.json").read_text())
    assert about["schema"]["task"][0]["task"] == "NextItem"
