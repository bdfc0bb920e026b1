"""`tfmmrec export`: versions, with and without users."""

import json

from tfmmrec.cli.export import next_version


def test_an_export_can_be_asked(exported):
    assert (exported.folder / "saved_model.pb").is_file()
    assert "12 items, 10 users" in exported.result.stdout
    assert f"tfmmrec recommend {exported.folder} --user u0" in exported.result.stdout


def test_without_users_only_histories_are_answered(unshared, tfmmrec, tmp_path):
    folder = tmp_path / "savedmodels" / "films" / "3"
    result = tfmmrec("export", unshared, folder, "--without-users")
    assert result.exit_code == 0, result.output
    assert "0 users" in result.stdout and "--history" in result.stdout
    assert tfmmrec("recommend", folder, "--user", "u0").exit_code == 2
    assert tfmmrec("recommend", folder, "--history", "f3,f4").exit_code == 0


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
