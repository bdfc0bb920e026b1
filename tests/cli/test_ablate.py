"""`tfmmrec ablate`: what it asks for, what it says, and how it goes on."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from recipes.trials import Pretended
from tfmmrec.recipes import ablation

SMALL = ("--only-task", "next_item", "--only-item", "item_id,genre", "--width", "8", "--batch-events", "64")


@pytest.fixture
def pretended(monkeypatch):
    trained = Pretended(lambda settings: 0.1 + len(settings.fusion) / 100)
    monkeypatch.setattr(ablation, "run_trial", trained)
    monkeypatch.setattr(ablation, "prepare", lambda trial, report: None)
    return trained


def test_it_ranks_what_is_varied(films, tfmmrec, pretended, tmp_path):
    (tmp_path / "train.toml").write_text('epochs = 3\nfusion = "sum"\n')
    done = tfmmrec(
        *("ablate", films, "--vary", "fusion=sum,mean", "--vary", "alignment=none,kl", "--width", "16"),
        *("--config", tmp_path / "train.toml", "--out", tmp_path / "out", "--one-at-a-time"),
    )
    assert done.exit_code == 0, done.output
    assert {(one.epochs, one.width) for one in pretended.asked} == {(3, 16)}
    for word in (
        "ndcg@10 on the validation split",
        "fusion=mean",
        "base",
        "reference",
        "seconds",
        "runs.csv",
    ):
        assert word in done.stdout
    assert "runs" in done.stderr and "fusion=mean seed=0: done, ndcg@10 0.1400" in done.stderr
    assert (tmp_path / "out" / "costs.png").is_file()


def test_as_json(films, tfmmrec, pretended, tmp_path):
    done = tfmmrec(
        "ablate", films, "--vary", "fusion=sum,mean", "--out", tmp_path / "out", "--json", "--quiet"
    )
    assert done.exit_code == 0 and done.stderr == ""
    said = json.loads(done.stdout)
    assert [one["name"] for one in said["ranked"]] == ["fusion=mean", "fusion=sum"]
    assert said["reference"] == "fusion=mean" and said["ranked"][1]["gap"]["mean"] < 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--vary", "fusion=sumn"), "There is no fusion 'sumn'. Did you mean 'sum'"),
        (("--vary", "fusion"), "such as fusion=sum,gated; got 'fusion'"),
        (("--vary", "modalities=plot"), "There is no item feature named 'plot'"),
        (("--vary", "fusion=sum", "--patience", "3"), "Leave --patience out"),
        ((), "--vary"),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_what_cannot_be_varied_is_told_in_a_sentence(films, tfmmrec, tmp_path, arguments, said):
    done = tfmmrec("ablate", films, "--out", tmp_path / "out", *arguments)
    assert done.exit_code == 2 and done.stdout == "" and said in done.stderr
    assert not (tmp_path / "out").exists()


def command(films, out, *more):
    vary = ("--vary", "fusion=sum,mean", "--epochs", "15", *SMALL)
    return [sys.executable, "-m", "tfmmrec", "ablate", *map(str, (films, *vary, "--out", out, *more))]


def rows(out):
    with (out / "runs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_killed_in_the_middle_it_goes_on_and_runs_nothing_twice(films, tmp_path):
    """In the middle of the second training; the first is left as it is, the second goes on where it was."""
    out = tmp_path / "out"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    given = {"env": environment, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command(films, out), **given) as process:
        until = time.monotonic() + 300
        while not list(out.glob("runs/fusion=mean*/checkpoint/last.npz")):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    (first,) = out.glob("trials/fusion=sum*.validation.json")
    assert not list(out.glob("trials/fusion=mean*.validation.json"))
    before = {path: path.stat().st_mtime_ns for path in out.glob("runs/fusion=sum*/*") if path.is_file()}
    record = first.read_text()

    again = subprocess.run(command(films, out), **given)
    assert again.returncode == 0, again.stderr
    assert "2 runs, of which 1 ended before." in again.stderr
    assert first.read_text() == record
    assert {path: path.stat().st_mtime_ns for path in before} == before
    table = rows(out)
    assert [(row["fusion"], row["state"], row["epochs"]) for row in table] == [
        ("sum", "done", "15"),
        ("mean", "done", "15"),
    ]
    (log,) = out.glob("trials/fusion=mean*.log")
    assert "An earlier training was interrupted: going on with epoch" in log.read_text()
    assert all(float(row["peak_memory_mb"]) > 100 and float(row["seconds"]) > 0 for row in table)

    # in a process of its own a run is what `tfmmrec train` would have made of it
    trained = subprocess.run(
        [sys.executable, "-m", "tfmmrec", "train", films, "--run", tmp_path / "run"]
        + ["--config", out / table[0]["run"], "--json", "--quiet"],
        **given,
    )
    assert trained.returncode == 0, trained.stderr
    reached = json.loads(trained.stdout)["metrics"]["validation"]["ndcg@10"]["mean"]
    assert reached == pytest.approx(float(table[0]["ndcg@10"]), abs=0.1)
