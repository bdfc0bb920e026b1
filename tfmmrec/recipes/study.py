"""An Optuna study in a folder: what was tried, and what is to be tried again.

All of it stands in ``study.log``, a journal of JSON lines that is replayed when the search goes on; nothing
is ever unpickled.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfmmrec.metrics.direction import lower_is_better
from tfmmrec.recipes.trial import JOURNAL

REASON = "reason"
"""Of a trial: why it failed. One that failed without was interrupted."""

_INSTEAD, _ABOUT = "instead_of", "about"  # the trial that this one makes up for; what the study is about


def open_study(folder: Path, monitor: str, prune: bool, about: dict[str, Any]) -> Any:
    """The study of a folder that nobody else uses, made where there is none.

    Args:
        folder: see the module.
        monitor: the metric that is looked for.
        prune: whether its trials are stopped early.
        about: what it is about, in plain values.

    Raises:
        ImportError: the extra ``tune`` is not installed.
        ValueError: the study that is there is about something else.
    """
    try:
        import optuna
    except ImportError as error:
        raise ImportError('Optuna is not installed: pip install "tfmmrec[tune]".') from error
    from optuna.pruners import MedianPruner, NopPruner
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal = folder / JOURNAL
    _mend(journal)
    study = optuna.create_study(
        study_name="tfmmrec",
        storage=JournalStorage(JournalFileBackend(str(journal))),
        direction="minimize" if lower_is_better(monitor) else "maximize",
        pruner=MedianPruner(n_startup_trials=4, n_warmup_steps=2) if prune else NopPruner(),
        load_if_exists=True,
    )
    before = study.user_attrs.get(_ABOUT, about)
    other = sorted(name for name in {*before, *about} if before.get(name) != about.get(name))
    if other:
        words = {name: f"{name} ({before.get(name)!r} then, {about.get(name)!r} now)" for name in other}
        words |= {"schema": "the schema"} if "schema" in other else {}
        told = ", ".join(words.values())
        raise ValueError(
            f"The search in {str(folder)!r} was begun with other settings: {told}. Give those to go on, or "
            "another folder."
        )
    study.set_user_attr(_ABOUT, about)
    return study


def _mend(journal: Path) -> None:
    """Makes a journal whole that a killed process left: the half of a line goes, and so does its lock.

    No other process uses it: the folder is locked.
    """
    for lock in journal.parent.glob(f"{journal.name}.lock*"):
        lock.unlink()
    if journal.is_file():
        whole = journal.read_bytes()
        with journal.open("r+b") as file:
            file.truncate(whole.rfind(b"\n") + 1)


def give_back(study: Any) -> None:
    """Queues again the trials that were interrupted: their settings lead to the same run, which goes on."""
    from optuna.trial import TrialState

    for frozen in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(frozen.number, state=TrialState.FAIL)
    trials = study.get_trials(deepcopy=False)
    queued = {trial.user_attrs.get(_INSTEAD) for trial in trials}
    for frozen in trials:
        interrupted = frozen.state == TrialState.FAIL and REASON not in frozen.user_attrs
        if interrupted and frozen.number not in queued:
            study.enqueue_trial(frozen.params, user_attrs={_INSTEAD: frozen.number})


def ended_trials(study: Any) -> list[Any]:
    """The trials that came to an end, in their order, without those that were interrupted."""
    from optuna.trial import TrialState

    trials = study.get_trials(deepcopy=False)
    return [
        trial
        for trial in trials
        if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
        or (trial.state == TrialState.FAIL and REASON in trial.user_attrs)
    ]
