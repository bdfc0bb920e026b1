"""`tfmmrec deploy`: what it writes, says and refuses."""

import json
import re
from pathlib import Path

LOCK = Path(__file__).parents[2] / "requirements.lock"


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


def test_it_is_open_to_the_network_only_when_asked(tfmmrec, tmp_path):
    savedmodels = versions(tmp_path / "savedmodels")
    closed = tfmmrec("deploy", savedmodels, "--to", tmp_path / "closed")
    assert "-p 127.0.0.1:8500:8500 -p 127.0.0.1:8501:8501" in closed.stdout
    assert "Or: docker compose" in closed.stdout
    opened = tfmmrec("deploy", savedmodels, "--to", tmp_path / "opened", "--host", "0.0.0.0")
    assert "-p 0.0.0.0:8500:8500 -p 0.0.0.0:8501:8501" in opened.stdout
    assert "Or: TFMMREC_HOST='0.0.0.0' docker compose" in opened.stdout
    refused = tfmmrec("deploy", savedmodels, "--to", tmp_path / "refused", "--host", "localhost")
    assert refused.exit_code == 2 and "an IP address" in refused.stderr
    assert not (tmp_path / "refused").exists()


def test_its_example_keeps_the_rule_of_the_image(tfmmrec):
    """An image is no older than the TensorFlow of the export: here that of the locked versions."""
    shown = re.search(r"tensorflow/serving:(\d+)\.(\d+)", tfmmrec("deploy", "--help").stdout)
    locked = re.search(r"^tensorflow==(\d+)\.(\d+)", LOCK.read_text("utf-8"), re.MULTILINE)
    assert tuple(map(int, shown.groups())) >= tuple(map(int, locked.groups()))
