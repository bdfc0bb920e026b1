"""Trials without processes: quick, and one can say what comes of them."""

import json

import numpy as np

from tfmmrec.evaluation import Results, keep
from tfmmrec.recipes import trial_process
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.trial import DONE, FAILED, STOPPED, Outcome

SETTINGS = Settings(
    width=8, epochs=2, batch_events=4096, k=(5,), monitor="ndcg@5", only={"tasks": ["next_item", "like"]}
)


class StoppedError(Exception):
    pass


class Voice:
    """Tells `hear` as the other process would."""

    def __init__(self, hear):
        self.hear = hear

    def tell(self, **what):
        if not self.hear(json.loads(json.dumps(what, default=float))):
            raise StoppedError

    def __call__(self, stage, done, total, note=""):
        self.tell(stage=[stage, done, total, note])

    def line(self, text):
        pass


def in_this_process(trial, what, hear):
    """What `trial_process._process` does, without one."""
    try:
        if what == "prepare":
            trial_process._prepare(trial, Voice(hear))
        else:
            trial.end(trial_process._train(trial, Voice(hear)))
    except StoppedError:
        return None, {}
    except Exception as error:
        return 1, {"reason": str(error)}
    return 0, {}


class Pretended:
    """Stands for `run_trial`: what comes of a training is a function of its settings.

    Args:
        value: settings → the value that the last epoch reaches; a text is why it fails.
        metric: of that value.
    """

    def __init__(self, value, metric="ndcg@10"):
        self.value, self.metric, self.asked = value, metric, []

    def __call__(self, trial, on_epoch=None, report=None):
        if trial.outcome is not None:
            return trial.outcome
        self.asked.append(trial.settings)
        value = self.value(trial.settings)
        if isinstance(value, str):
            return trial.end(Outcome(FAILED, value))
        epochs = trial.settings.epochs
        for epoch in range(1, epochs + 1):
            record = {"epoch": epoch, f"validation {self.metric}": value * epoch / epochs, "seconds": 1.0}
            if on_epoch and not on_epoch(record):
                return trial.end(Outcome(STOPPED))
        random = np.random.default_rng(0)
        per_query = {self.metric: np.clip(value + 0.05 * random.standard_normal(60), 0, None)}
        trial.answers.parent.mkdir(parents=True, exist_ok=True)
        keep(Results({}, per_query=per_query, users=np.arange(60)), trial.answers)
        metrics = {self.metric: {"mean": value, "low": value - 0.01, "high": value + 0.01}}
        return trial.end(
            Outcome(
                DONE,
                monitor=self.metric,
                value=value,
                epoch=epochs,
                epochs=epochs,
                metrics=metrics,
                seconds=2.0 * epochs,
                parameters=100 * trial.settings.width,
                peak_memory_mb=500.0,
                split_sha256="ab",
            )
        )


class Lines:
    """A report that keeps what it is told."""

    def __init__(self):
        self.said, self.stages = [], []

    def __call__(self, stage, done, total, note=""):
        self.stages.append((stage, done, total, note))

    def line(self, text):
        self.said.append(text)
