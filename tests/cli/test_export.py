"""`tfmmrec export`: versions, with and without users."""

import importlib
import json

from tfmmrec.cli.export import next_version


def test_an_export_can_be_asked(exported):
    assert (exported.folder / "saved_model.pb").is_file()
    assert "12 items, 10 users" in exported.result.stdout
    assert f"tfmmrec recommend {exported.folder} --user u0" in exported.result.stdout


def test_where_it_goes_and_who_is_known_in_it(trained, tfmmrec, monkeypatch, tmp_path):
    asked = {}

    def note(model, catalogue, path, users, overwrite):
        asked.update(path=path.as_posix(), users=users, overwrite=overwrite)
        return path

    monkeypatch.setattr(importlib.import_module("tfmmrec.export"), "export", note)
    monkeypatch.chdir(tmp_path)
    result = tfmmrec("export", trained.folder)
    assert result.exit_code == 0, result.output
    assert (asked["path"], asked["overwrite"]) == ("savedmodels/films/1", False)
    assert list(asked["users"].ids) == [f"u{user}" for user in range(10)]
    result = tfmmrec("export", trained.folder, "savedmodels/b/7", "--without-users", "--replace")
    assert asked == {"path": "savedmodels/b/7", "users": None, "overwrite": True}
    assert "0 users" in result.stdout and "--history" in result.stdout


def test_the_next_version_follows_the_highest(tmp_path):
    assert next_version(tmp_path / "films") == tmp_path / "films" / "1"
    for name in ("2", "10", "notes", ".11-aside"):
        (tmp_path / "films" / name).mkdir(parents=True)
    assert next_version(tmp_path / "films") == tmp_path / "films" / "11"


def test_a_version_is_replaced_only_when_told_to(exported, trained, tfmmrec):
    refused = tfmmrec("export", trained.folder, exported.folder)
    assert refused.exit_code == 2
    assert "is there already" in refused.stderr
    about = json.loads((exported.folder / "assets.extra" / "about.json").read_text())
    assert about["schema"]["task"][0]["task"] == "NextItem"
