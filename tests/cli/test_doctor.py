"""`tfmmrec doctor`: the machine, the data, the estimate."""

import json


def test_the_machine_alone(tfmmrec):
    result = tfmmrec("doctor")
    assert result.exit_code == 0, result.output
    for word in ("python:", "keras:", "backend:", "accelerator:", "free disk:", "free memory:"):
        assert word in result.stdout


def test_data_and_an_estimate_as_json(films, tfmmrec, tmp_path):
    (tmp_path / "train.toml").write_text("width = 8\nbatch_events = 64\nepochs = 2\n")
    result = tfmmrec("doctor", films, "--config", tmp_path / "train.toml", "--json", "--quiet")
    assert result.exit_code == 0 and result.stderr == "", result.output
    said = json.loads(result.stdout)
    assert said["estimate"]["rows"] == {"events": 71, "items": 12}
    assert said["data"]["counts"]["users"] == 10 and not said["schema_guessed"]
    assert said["machine"]["disk"] > 0 and "estimate" in said["estimate"]["how"]


def test_the_estimate_is_shown_as_one(films, tfmmrec, tmp_path, monkeypatch):
    import importlib

    from tfmmrec.inspection.estimate import Estimate

    found = Estimate({}, {}, 65.0, 10, 0.5, 5.0, 7300.0, 1000, 3_000_000, 10**18)
    monkeypatch.setattr(importlib.import_module("tfmmrec.inspection.estimate"), "estimate", lambda *_: found)
    said = " ".join(tfmmrec("doctor", films).stdout.split())
    assert "What a run takes, about" in said and "An estimate:" in said
    assert "1 min 5 s" in said and "2 h 1 min" in said and "10 steps of 0.5 s" in said
    assert "There may be too little memory" in said and "too little disk" not in said


def test_unmeasured_data_is_read(films, tfmmrec):
    result = tfmmrec("doctor", films, "--no-measure")
    assert result.exit_code == 0 and "can be read: 71 events, 10 users, 12 items." in result.stdout


def test_data_that_cannot_be_read_is_told_of(own_films, tfmmrec):
    folder = own_films()
    (folder / "events.csv").write_bytes(b"")
    result = tfmmrec("doctor", folder, "--no-measure")
    assert result.exit_code == 2 and "is an empty file" in result.stderr
    assert "keras:" in result.stdout  # what is known of the machine was printed first
