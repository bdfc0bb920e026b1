"""A trial in a process of its own, so that its memory is its own and its death kills nothing else.

``python -m tfmmrec.recipes.trial_process`` is that process. It reads what to do from the first line of its
standard input and ends when that is closed, so that it never outlives who started it; it tells of its epochs
in lines of JSON.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from tfmmrec.memory import one_arena, peak_memory
from tfmmrec.recipes.hearing import Report, Silence
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.trial import DONE, FAILED, OF_DATA, STOPPED, Outcome, Trial


def prepare(trial: Trial, report: Report) -> None:
    """Prepares the data of a trial, where they are not, in a process of its own.

    Raises:
        ValueError: they cannot be.
    """

    def hear(told: dict[str, Any]) -> bool:
        if "stage" in told:
            report(*told["stage"])
        return True

    code, told = _process(trial, "prepare", hear)
    if code:
        raise ValueError(told.get("reason") or _died(code, trial.log))


def run_trial(
    trial: Trial,
    on_epoch: Callable[[dict[str, float]], bool] | None = None,
    report: Report | None = None,
) -> Outcome:
    """Runs a trial to its end, or goes on with it where it was interrupted; one that has ended stays so.

    Args:
        trial: whose data are prepared.
        on_epoch: called with each epoch's losses and metrics; where it returns False the trial is stopped.
        report: is told how things go.

    Raises:
        OSError: the disk is full, for which no trial can do anything.
    """
    ended = trial.outcome
    if ended is not None:
        return ended
    tell, seconds = report or Silence(), 0.0

    def hear(told: dict[str, Any]) -> bool:
        nonlocal seconds
        if "stage" in told:
            tell(*told["stage"])
        if "epoch" in told:
            seconds += told["epoch"]["seconds"]
            return on_epoch is None or on_epoch(told["epoch"])
        return True

    code, told = _process(trial, "train", hear)
    if code == 0 and (ended := trial.outcome) is not None:
        return ended
    if code is None:
        return trial.end(Outcome(STOPPED, seconds=seconds, peak_memory_mb=trial.peak()))
    return trial.end(Outcome(FAILED, told.get("reason") or _died(code, trial.log)))


def _process(
    trial: Trial, what: str, hear: Callable[[dict[str, Any]], bool]
) -> tuple[int | None, dict[str, Any]]:
    """Runs the process of a trial.

    Returns:
        its exit code, None where `hear` returned False and it was killed; and the last it told.

    Raises:
        OSError: the disk is full.
    """
    trial.log.parent.mkdir(parents=True, exist_ok=True)
    paths = os.pathsep.join(path for path in sys.path if path)
    told: dict[str, Any] = {}
    with (
        trial.log.open("a", encoding="utf-8") as log,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "tfmmrec.recipes.trial_process"],
            env={**os.environ, "PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "2"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            encoding="utf-8",
        ) as process,
    ):
        assert process.stdin and process.stdout
        try:
            asked = json.dumps(trial.asked(what)) + "\n"
            os.write(process.stdin.fileno(), asked.encode())  # nothing is left to be written by `close`
            for line in process.stdout:
                if not line.endswith("\n"):  # it died within it
                    break
                told = json.loads(line)
                if "full" in told:
                    number, path = told["full"]
                    raise OSError(number, os.strerror(number), path)
                if not hear(told):
                    return None, told
            return process.wait(), told
        except BrokenPipeError:  # it is dead already; its code says how
            return process.wait(), told
        finally:
            process.kill()  # where it still lives


def _died(code: int | None, log: Path) -> str:
    """In words, how a process ended that could not say so itself."""
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        why = ": killed, as when memory runs out" if -code == signal.SIGKILL else ""
        return f"Its process ended by the signal {name}{why}. See {log}."
    return f"Its process ended with the exit code {code}. See {log}."


class _Voice:
    """The child's way to tell its parent: what libraries print goes to standard error instead."""

    def __init__(self, every: float = 0.5) -> None:
        self._out: TextIO = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._every, self._said = every, 0.0

    def tell(self, **what: Any) -> None:
        self._out.write(json.dumps(what, default=float) + "\n")
        self._out.flush()

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        if done >= total or time.monotonic() - self._said >= self._every:
            self._said = time.monotonic()
            self.tell(stage=[stage, done, total, note])

    def line(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def main() -> None:
    """What the process does; exit code 1 where it comes to nothing."""
    asked, voice = json.loads(sys.stdin.readline()), _Voice()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    one_arena()
    paths: dict[str, Any] = {name: Path(asked[name]) for name in ("data", "folder")}
    plain = {name: asked[name] for name in ("schema", "split", "label")}
    trial = Trial(settings=Settings(**asked["settings"]), **paths, **plain)
    try:
        if asked["what"] == "prepare":
            _prepare(trial, voice)
        else:
            trial.end(_train(trial, voice))
    except Exception as error:  # a row with its reason, and the traceback in the log
        traceback.print_exc()
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            voice.tell(full=[error.errno, str(error.filename)])
        else:
            voice.tell(reason=" ".join(str(error).split()) or type(error).__name__)
        raise SystemExit(1) from None


def _end_with_parent() -> None:
    """Waits until whoever started the process is gone, or closes what it listens to."""
    while os.read(0, 4096):
        pass
    os._exit(1)


def _prepare(trial: Trial, voice: _Voice) -> None:
    from tfmmrec.data import load
    from tfmmrec.recipes.training_run import DECODED
    from tfmmrec.schema import Schema

    trial.prepared.parent.mkdir(parents=True, exist_ok=True)
    load(
        trial.data,
        Schema.from_dict(trial.schema),
        prepared=trial.prepared,
        progress=voice,
        decoded=trial.folder / "runs" / DECODED,
        dead_letters=trial.folder / "dead_letters.jsonl",
        **{name: getattr(trial.settings, name) for name in OF_DATA},
    )


def _train(trial: Trial, voice: _Voice) -> Outcome:
    import numpy as np

    from tfmmrec.evaluation import keep
    from tfmmrec.recipes.judgement import as_metrics
    from tfmmrec.recipes.training_run import training_run
    from tfmmrec.schema import Schema
    from tfmmrec.training import default_monitor

    trial.run.mkdir(parents=True, exist_ok=True)
    linked = trial.run / "prepared"
    if not linked.is_symlink() and not linked.exists():
        linked.symlink_to(os.path.relpath(trial.prepared, trial.run), target_is_directory=True)

    def on_epoch(record: dict[str, float]) -> None:
        trial.peak(peak_memory())
        voice.tell(epoch=record)

    trained = training_run(
        trial.data,
        Schema.from_dict(trial.schema),
        trial.run,
        trial.settings,
        report=voice,
        splits=(trial.split,),
        on_epoch=on_epoch,
    )
    if trial.split not in trained.judgements:
        raise ValueError(f"The {trial.split} split has no events: give more data, or another split.")
    judgement = trained.judgements[trial.split]
    records = trained.run.read("curves")
    monitor = trial.settings.monitor or default_monitor(trained.model)
    found = [record.get(f"validation {monitor}") for record in records if record["epoch"] == trained.epoch]
    keep(judgement.results, trial.answers)
    return Outcome(
        DONE,
        monitor=monitor,
        value=found[0] if found else None,
        epoch=trained.epoch,
        epochs=len(records),
        metrics=as_metrics({trial.split: judgement})[trial.split],
        seconds=sum(record["seconds"] for record in records),
        parameters=int(sum(np.prod(one.shape) for one in trained.model.trainable_variables)),
        peak_memory_mb=trial.peak(peak_memory()),
        split_sha256=trained.data.split_sha256,
    )


if __name__ == "__main__":
    main()
