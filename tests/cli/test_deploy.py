"""`tfmmrec deploy`: what it writes, says and refuses."""

import json


def versions(folder):
    (folder / "films" / "1").mkdir(parents=True)
    (folder / "films" / "1" / "saved_model.pb").touch()
    return folder


def test_it_writes_the_files_and_says_how_to_start(tfmmrec, tmp_path):
    savedmodels, to = versions(tmp_path / "savedmodels"), tmp_path / "production"
    result = tfmmrec("deploy", savedmodels, "--to", to, "--image", "serving:2", "--cores", "8")
    assert result.exit_code == 0, result.output
    assert "Models: films." in result.stdout
    assert "docker run" in result.stdout and "serving:2" in result.stdout
    assert "value: 8" in (to / "batching.config").read_text()
    again = tfmmrec("deploy", savedmodels, "--to", to)
    assert again.exit_code == 2 and "--replace" in again.stderr
    as_json = tfmmrec("deploy", savedmodels, "--to", to, "--replace", "--json")
    said = json.loads(as_json.stdout)
    assert said["models"] == ["films"] and len(said["files"]) == 5
    assert said["docker"].startswith("docker run")


def test_a_folder_without_exports_is_told_in_a_sentence(tfmmrec, tmp_path):
    refused = tfmmrec("deploy", tmp_path, "--to", tmp_path / "deploy")
    assert refused.exit_code == 2 and "There is no export in" in refused.stderr
    assert not (tmp_path / "deploy").exists()
