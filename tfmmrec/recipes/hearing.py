"""Who is told how far a long piece of work is."""

from __future__ import annotations

from typing import Protocol


class Report(Protocol):
    """Is told how things go: see `tfmmrec.cli.progress.ProgressReport`."""

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        """How far a stage is."""

    def line(self, text: str) -> None:
        """Something worth a line."""


class Silence:
    """A report that nobody reads."""

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        pass

    def line(self, text: str) -> None:
        pass
