"""A trial: its name, its folder, and what becomes of its process."""

import dataclasses
import os
import subprocess
import sys
import time

import pytest

import small
from recipes.trials import SETTINGS, Lines, in_this_process
from tfmmrec.evaluation import open_kept
from tfmmrec.recipes import trial_process
from tfmmrec.recipes.trial import DONE, FAILED, Outcome, Trial, check_folder_of_trials
from tfmmrec.recipes.trial_process import prepare, run_trial
from tfmmrec.training import Run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return small.write(tmp_path_factory.mktemp("data"))


@pytest.fixture
def trial(folder, tmp_path):
    return Trial(folder, small.schema().to_dict(), tmp_path / "out", SETTINGS, label="Fusion=sum, a/b seed=0")


def test_its_name_tells_its_label_and_everything_it_depends_on(trial, tmp_path):
    assert trial.name.startswith("fusion=sum-a-b-seed=0-")
    others = [
        dataclasses.replace(trial, settings=dataclasses.replace(SETTINGS, seed=1)),
        dataclasses.replace(trial, schema=small.schema(ordered=False).to_dict()),
        dataclasses.replace(trial, data=tmp_path),
    ]
    assert len({one.name for one in (trial, *others)}) == 4
    assert len({one.prepared for one in (trial, *others)}) == 4
    wider = dataclasses.replace(trial, settings=dataclasses.replace(SETTINGS, width=16))
    assert wider.prepared == trial.prepared and wider.name != trial.name


def test_its_outcome_is_read_back_and_forgotten(trial):
    assert trial.outcome is None
    ended = trial.end(Outcome(FAILED, "No disk", metrics={"a": {"mean": 1.0}}))
    assert trial.outcome == ended
    assert dataclasses.replace(trial, split="test").outcome is None
    trial.forget()
    assert trial.outcome is None


def test_the_most_memory_is_that_of_all_its_processes(trial):
    assert trial.peak() == 0 and trial.peak(10.26) == 10.26
    assert trial.peak() == 10.3 and trial.peak(5.0) == 10.3


def test_it_is_trained_in_its_run_beside_shared_data_and_judged_on_validation_alone(trial, monkeypatch):
    monkeypatch.setattr(trial_process, "_process", in_this_process)
    lines, epochs = Lines(), []
    prepare(trial, lines)
    outcome = run_trial(trial, lambda record: bool(epochs.append(record["epoch"])) or True, lines)
    assert outcome.state == DONE, outcome.reason
    assert epochs == [1, 2] and outcome.epochs == 2 and outcome.monitor == "ndcg@5"
    assert outcome.value == pytest.approx(outcome.metrics["ndcg@5"]["mean"], abs=1e-6)
    assert outcome.seconds > 0 and outcome.parameters > 1000 and outcome.peak_memory_mb > 50
    run = Run.open(trial.run)
    metrics = run.read("metrics")
    assert "validation" in metrics and "test" not in metrics
    assert (trial.run / "prepared").is_symlink() and (trial.run / "prepared").samefile(trial.prepared)
    kept = open_kept(trial.answers)
    assert kept["ndcg@5"].mean() == pytest.approx(outcome.metrics["ndcg@5"]["mean"])
    assert {"like.users", "like.labels", "like.predictions"} <= kept.keys()
    assert any(stage == "training" for stage, *_ in lines.stages)

    tested = run_trial(dataclasses.replace(trial, split="test"))  # what is trained is judged, no more
    assert tested.metrics.keys() == outcome.metrics.keys() and tested.metrics != outcome.metrics
    assert tested.parameters == outcome.parameters and run.read("metrics").keys() >= {"test"}

    def never(*_):
        raise AssertionError("it has ended")

    monkeypatch.setattr(trial_process, "_process", never)
    assert run_trial(trial) == outcome


def test_one_that_fails_says_why(trial, monkeypatch):
    monkeypatch.setattr(trial_process, "_process", in_this_process)
    bad = dataclasses.replace(trial, settings=dataclasses.replace(SETTINGS, sharing="esmm"))
    prepare(bad, Lines())
    assert run_trial(bad).state == FAILED and "ESMM is for tasks" in bad.outcome.reason
    lost = dataclasses.replace(trial, data=trial.data / "nowhere")
    with pytest.raises(ValueError, match="was not found"):
        prepare(lost, Lines())


@pytest.mark.parametrize(
    ("code", "said"),
    [(-9, "by the signal SIGKILL: killed, as when memory runs out"), (3, "with the exit code 3. See")],
)
def test_one_that_dies_without_a_word(trial, monkeypatch, code, said):
    monkeypatch.setattr(trial_process, "_process", lambda *_: (code, {}))
    assert said in run_trial(trial).reason and trial.name in trial.outcome.reason


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "by the signal SIGKILL"),
        ('print(\'{"reason": "too small"}\', flush=True); raise SystemExit(1)', "too small"),
        ("print('{\"rea', end='', flush=True); raise SystemExit(1)", "with the exit code 1"),
    ],
)
def test_what_a_process_says_last_is_the_reason(trial, monkeypatch, source, said):
    started = subprocess.Popen
    monkeypatch.setattr(
        trial_process.subprocess,
        "Popen",
        lambda command, **given: started([sys.executable, "-S", "-c", source], **given),
    )
    assert said in run_trial(trial).reason


def test_a_full_disk_stops_everything(trial, monkeypatch):
    source = 'print(\'{"full": [28, "/there"]}\', flush=True); raise SystemExit(1)'
    started = subprocess.Popen
    monkeypatch.setattr(
        trial_process.subprocess,
        "Popen",
        lambda command, **given: started([sys.executable, "-S", "-c", source], **given),
    )
    with pytest.raises(OSError, match="No space left on device: '/there'"):
        run_trial(trial)
    assert trial.outcome is None


def test_a_process_that_is_not_let_on_is_killed(trial, monkeypatch):
    source = 'import time; print(\'{"epoch": {"epoch": 1, "seconds": 2}}\', flush=True); time.sleep(100)'
    started = subprocess.Popen
    made = []

    def start(command, **given):
        made.append(started([sys.executable, "-S", "-c", source], **given))
        return made[0]

    monkeypatch.setattr(trial_process.subprocess, "Popen", start)
    outcome = run_trial(trial, lambda record: False)
    assert (outcome.state, outcome.seconds) == ("stopped", 2)
    assert made[0].returncode == -9


def test_a_process_does_not_outlive_who_started_it(trial):
    """It ends as soon as what it listens to is closed, whatever it does then."""
    read, write = os.pipe()
    source = "import os, threading, time\n"
    source += "from tfmmrec.recipes.trial_process import _end_with_parent\n"
    source += "threading.Thread(target=_end_with_parent, daemon=True).start()\nprint(1, flush=True)\n"
    source += "time.sleep(100)"
    with subprocess.Popen([sys.executable, "-c", source], stdin=read, stdout=subprocess.PIPE) as process:
        os.close(read)
        assert process.stdout.readline() == b"1\n"
        assert process.poll() is None
        os.close(write)
        begun = time.monotonic()
        assert process.wait(30) == 1 and time.monotonic() - begun < 30


@pytest.mark.parametrize("name", ["notes.txt", "config.json"])
def test_a_folder_of_something_else_is_left_alone(tmp_path, name):
    check_folder_of_trials(tmp_path / "new")
    check_folder_of_trials(tmp_path)
    (tmp_path / ".lock").write_text("")
    check_folder_of_trials(tmp_path)
    (tmp_path / name).write_text("mine")
    with pytest.raises(ValueError, match=f"holds {name!r} and no trials"):
        check_folder_of_trials(tmp_path)
    with pytest.raises(ValueError, match="is a file"):
        check_folder_of_trials(tmp_path / name)
    (tmp_path / "trials").mkdir()
    check_folder_of_trials(tmp_path)
