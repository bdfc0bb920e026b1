"""What commands share: JSON, quiet, exit codes, completion."""

import importlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tfmmrec.cli import app
from tfmmrec.cli.options import plain
from tfmmrec.cli.sentences import EXIT_CODES

ID_ALONE = ("--only-item", "item_id", "--only-task", "next_item", "--width", "8", "--epochs", "1", "--k", "2")


def test_a_training_as_json_is_one_object_and_quiet_says_nothing_else(films, tfmmrec, tmp_path):
    run = tmp_path / "run"
    done = tfmmrec("train", films, "--run", run, "--json", "--quiet", *ID_ALONE)
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    said = json.loads(done.stdout)
    assert (said["run"], said["epoch"]) == (str(run), 1)
    assert said["problems"]["events: unknown item"] == 1
    assert said["metrics"] == json.loads((run / "metrics.json").read_text())


def test_an_export_as_json(trained, tfmmrec, monkeypatch, tmp_path):
    def write(model, catalogue, path, **_):
        path.mkdir(exist_ok=True)
        (path / "saved_model.pb").write_bytes(b"12345")
        return path

    monkeypatch.setattr(importlib.import_module("tfmmrec.export"), "export", write)
    done = tfmmrec("export", trained.folder, tmp_path / "1", "--json", "--quiet")
    assert done.exit_code == 0 and done.stderr == ""
    assert json.loads(done.stdout) == {"path": str(tmp_path / "1"), "bytes": 5, "items": 12, "users": 10}
    done = tfmmrec("export", trained.folder, tmp_path / "1", "--quiet")
    assert "12 items" in done.stdout and "Next:" not in done.stdout


def test_an_evaluation_speaks_of_its_progress_unless_quiet(trained, tfmmrec):
    said = tfmmrec("evaluate", trained.folder, "--k", "2")
    assert "Evaluating" in said.stderr and "10 events of the test split" in said.stderr
    quiet = tfmmrec("evaluate", trained.folder, "--k", "2", "--quiet")
    assert quiet.stderr == "" and quiet.stdout == said.stdout


def test_values_that_json_has():
    given = {"a": np.float32([1, math.nan]), 2: (Path("x"), True, None, np.int64(3)), "c": [math.inf, "é"]}
    assert plain(given) == {"a": [1.0, None], "2": ["x", True, None, 3], "c": [None, "é"]}


def test_the_help_lists_the_exit_codes(tfmmrec):
    said = " ".join(tfmmrec("--help").stdout.split())
    for code, meaning in EXIT_CODES.items():
        assert f"{code}: {meaning}" in said


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (None, 0, ""),
        (RuntimeError("a fault"), 1, ""),
        (ValueError("no such thing"), 2, "no such thing"),
        (OSError(40, "Too many links", "runs/a"), 2, "Too many links: 'runs/a'"),
        (
            OSError(28, "No space left", "runs/a"),
            2,
            "No space left: 'runs/a'. Free some of it, or give a folder on another disk; the same command "
            "then goes on where it can.",
        ),
        (KeyboardInterrupt(), 130, "Interrupted. The same command goes on where it can."),
    ],
    ids=["fine", "unexpected", "wrong input", "too many links", "full disk", "interrupted"],
)
def test_exit_codes(films, monkeypatch, error, code, said):
    def served(*_):
        if error is not None:
            raise error
        return type("Served", (), {"recommend": lambda self, **_: {"item_id": []}})()

    monkeypatch.setattr("tfmmrec.serving.Served", served)
    result = CliRunner().invoke(app, ["recommend", "anything", "--json"])
    assert (result.exit_code, result.stderr.strip()) == (code, said)
    assert code in EXIT_CODES
    if code == 1:  # with its traceback, as Python prints it
        assert result.exception is error


def completed(*words):
    environment = {**os.environ, "_TFMMREC_COMPLETE": "complete_bash"}
    environment |= {"COMP_WORDS": " ".join(("tfmmrec", *words)), "COMP_CWORD": str(len(words))}
    command = [sys.executable, "-m", "tfmmrec"]
    return subprocess.run(command, capture_output=True, text=True, env=environment).stdout.split()


def test_shells_complete_commands_options_and_choices(tfmmrec):
    assert "--install-completion" in tfmmrec("--help").stdout
    assert completed("ev") == ["evaluate"]
    assert completed("export", "--with") == ["--without-users"]
    assert completed("evaluate", "--split", "va") == ["validation"]
