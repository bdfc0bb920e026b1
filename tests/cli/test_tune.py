"""`tfmmrec tune`: what it asks for, what it says, and what its best settings are good for."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from recipes.trials import Pretended
from tfmmrec.recipes import tuning
from tfmmrec.recipes.settings import Settings, read_settings

pytest.importorskip("optuna", reason="needs the extra tune")

SPACE = """
learning_rate = {low = 1e-3, high = 1e-1, log = true}
fusion = ["sum", "mean"]
batch_events = 64
"""
SMALL = ("--only-task", "next_item", "--only-item", "item_id,genre", "--width", "8")


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.toml").write_text(SPACE)
    return tmp_path / "space.toml"


@pytest.fixture
def pretended(monkeypatch):
    trained = Pretended(lambda settings: 0.1 + settings.learning_rate)
    monkeypatch.setattr(tuning, "run_trial", trained)
    monkeypatch.setattr(tuning, "prepare", lambda trial, report: None)
    return trained


def test_it_searches_and_says_what_is_best(films, tfmmrec, space, pretended, tmp_path):
    out = tmp_path / "out"
    done = tfmmrec("tune", films, "--space", space, "--trials", "3", "--out", out, *SMALL, "--epochs", "2")
    assert done.exit_code == 0, done.output
    best = max(one.learning_rate for one in pretended.asked)
    for word in (
        "3 trials, of which",
        f"{0.1 + best:.4f}",
        "learning_rate",
        f"--config {out / 'train.toml'}",
    ):
        assert word in done.stdout.replace("\n", "")
    settings = Settings(**read_settings(out / "train.toml"))
    assert settings.learning_rate == best
    assert (settings.batch_events, settings.width, settings.only["tasks"]) == (64, 8, ["next_item"])
    again = tfmmrec(
        *("tune", films, "--space", space, "--trials", "3", "--out", out, *SMALL, "--epochs", "2"),
        *("--json", "--quiet"),
    )
    said = json.loads(again.stdout)
    assert again.stderr == "" and len(said["trials"]) == 3 == len(pretended.asked)
    assert said["trials"][said["best"]]["values"]["learning_rate"] == best


def test_what_is_given_twice_is_told(films, tfmmrec, space, tmp_path):
    arguments = ("tune", films, "--space", space, "--trials", "1", "--out", tmp_path / "out")
    done = tfmmrec(*arguments, "--batch-events", "32")
    assert done.exit_code == 2 and "--batch-events is given here and in" in done.stderr


def test_without_optuna_it_says_how_to_get_it(films, tfmmrec, space, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    done = tfmmrec("tune", films, "--space", space, "--trials", "1", "--out", tmp_path / "out")
    assert done.exit_code == 2 and 'pip install "tfmmrec[tune]"' in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_train_takes_what_it_found(films, tfmmrec, space, tmp_path):
    out = tmp_path / "out"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    given = {"env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    asked = ("--trials", "3", "--space", space, "--out", out, *SMALL, "--epochs", "15", "--patience", "15")
    command = [sys.executable, "-m", "tfmmrec", "tune", *map(str, (films, *asked))]
    with subprocess.Popen(command, **given) as process:
        until = time.monotonic() + 300
        while not (
            list(out.glob("trials/*.validation.json")) and list(out.glob("runs/*/checkpoint/last.npz"))
        ):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    (first,) = out.glob("trials/*.validation.json")
    record = first.read_text()

    again = subprocess.run(command, **given)
    assert again.returncode == 0, again.stderr
    assert "3 trials, of which 1 ended before." in again.stderr
    assert first.read_text() == record
    logs = [path.read_text() for path in out.glob("trials/*.log")]
    assert len(logs) == 3
    assert sum("An earlier training was interrupted: going on with epoch" in log for log in logs) == 1
    (out / "train.toml").write_text((out / "train.toml").read_text().replace("epochs = 15", "epochs = 1"))
    trained = tfmmrec("train", films, "--config", out / "train.toml", "--run", tmp_path / "best", "--quiet")
    assert trained.exit_code == 0, trained.output
