"""One training among many: its place in a folder, and what came of it."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tfmmrec.aside import file_aside
from tfmmrec.recipes.settings import Settings

DONE, FAILED, STOPPED = "done", "failed", "stopped"

OF_DATA = ("split", "cold_items", "strict", "max_dead", "seed")
"""The settings of `load`."""

JOURNAL = "study.log"
"""What a search keeps beside its trials."""

_PARTS = {"runs", "trials", "prepared", JOURNAL}


@dataclass(frozen=True)
class Outcome:
    """What came of a trial.

    Attributes:
        state: ``"done"``, ``"failed"`` or, of one that was not let through, ``"stopped"``.
        reason: why it failed, in a sentence.
        monitor: the validation metric that decided which epoch was kept.
        value: of it, in that epoch; None where nothing validates.
        epoch, epochs: the one that was kept, and how many were trained.
        metrics: of the split that was asked for: metric → ``{"mean"}``, maybe ``"low"`` and ``"high"``.
        seconds: that training and validating took, over all interruptions.
        parameters: of the model that are trained.
        peak_memory_mb: the most memory its process held, in MiB.
        split_sha256: what it was trained and judged on.
    """

    state: str
    reason: str = ""
    monitor: str = ""
    value: float | None = None
    epoch: int = 0
    epochs: int = 0
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: float = 0.0
    parameters: int = 0
    peak_memory_mb: float = 0.0
    split_sha256: str = ""


@dataclass(frozen=True)
class Trial:
    """A training with these settings, beside others in a folder.

    ``runs/<name>/`` of the folder is its run, as `tfmmrec train` makes it, ``trials/<name>.….json`` its
    outcome, ``trials/<name>.….npz`` its answers to every user, ``trials/<name>.log`` what its process said.
    Other data, another schema or other settings are another trial. What is prepared of the data is shared.

    Args:
        data: the data folder.
        schema: of the data, in plain values; see `tfmmrec.schema.Schema.to_dict`.
        folder: of all trials.
        settings: of the training.
        split: what it is judged on.
        label: the beginning of its name.
    """

    data: Path
    schema: dict[str, Any]
    folder: Path
    settings: Settings
    split: str = "validation"
    label: str = ""

    @property
    def name(self) -> str:
        """In letters that a file's name can have, and different for each trial."""
        label = re.sub(r"[^a-z0-9=.+]+", "-", self.label.lower()).strip("-.")[:80]
        return "-".join(filter(None, [label, self._digest(asdict(self.settings))]))

    @property
    def run(self) -> Path:
        """The run's folder."""
        return self.folder / "runs" / self.name

    @property
    def log(self) -> Path:
        """What its process said on standard error."""
        return self.folder / "trials" / f"{self.name}.log"

    @property
    def answers(self) -> Path:
        """What the model answered every user; see `tfmmrec.evaluation.keep`."""
        return self.folder / "trials" / f"{self.name}.{self.split}.npz"

    @property
    def prepared(self) -> Path:
        """Where the prepared data stand, which trials of the same data share."""
        return self.folder / "prepared" / self._digest([getattr(self.settings, name) for name in OF_DATA])

    @property
    def outcome(self) -> Outcome | None:
        """What came of it; None where it has not ended."""
        if not self._record.is_file():
            return None
        return Outcome(**json.loads(self._record.read_text("utf-8")))

    @property
    def _record(self) -> Path:
        return self.folder / "trials" / f"{self.name}.{self.split}.json"

    def end(self, outcome: Outcome) -> Outcome:
        """Writes what came of it."""
        _write(self._record, asdict(outcome))
        return outcome

    def forget(self) -> None:
        """Deletes its outcome, so that it is run again."""
        self._record.unlink(missing_ok=True)

    def peak(self, now: float = 0.0) -> float:
        """The most memory, in MiB, that any of its processes held so far, and one that holds so much now."""
        path = self.folder / "trials" / f"{self.name}.memory.json"
        before = json.loads(path.read_text("utf-8")) if path.is_file() else 0.0
        if now > before:
            _write(path, round(now, 1))
        return max(now, before)

    def asked(self, what: str) -> dict[str, Any]:
        """The trial in plain values, for its process."""
        plain = {name: getattr(self, name) for name in ("schema", "split", "label")}
        paths = {name: str(getattr(self, name)) for name in ("data", "folder")}
        return {"what": what, **plain, **paths, "settings": asdict(self.settings)}

    def _digest(self, what: Any) -> str:
        whole = json.dumps([str(self.data), self.schema, what], sort_keys=True, default=float)
        return hashlib.sha256(whole.encode()).hexdigest()[:10]


def check_folder_of_trials(folder: Path) -> None:
    """Refuses a folder that holds something else.

    Raises:
        ValueError: it does, or it is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is a file; give the name of a new folder.")
    there = {path.name for path in folder.iterdir()} - {".lock"} if folder.is_dir() else set()
    if there and not there & _PARTS:
        raise ValueError(
            f"{str(folder)!r} holds {min(there)!r} and no trials; give the name of a new folder, or of one "
            "that this command made."
        )


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_aside(path) as aside:
        aside.write_text(json.dumps(value, indent=1, ensure_ascii=False, default=float) + "\n", "utf-8")
