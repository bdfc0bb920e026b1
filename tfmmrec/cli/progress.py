"""Progress of anything long: bars with rate and time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_EVERY = 10.0  # seconds between two lines about the same stage where there is no terminal


class ProgressReport:
    """Shows stages of work: ``report("events: reading", done, total)``.

    A context manager; what is printed through `line` stands above the bars. Everything goes to standard
    error, so that standard output holds results alone.

    Args:
        console: where to; standard error by default.
        clock: seconds, from any start.
        quiet: say nothing at all.
    """

    def __init__(
        self,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
        quiet: bool = False,
    ) -> None:
        self.console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self.console.quiet = quiet
        self._clock = clock
        self._stages: dict[str, _Stage] = {}
        self._bars: Progress | None = None
        if self.console.is_terminal and not quiet:
            self._bars = Progress(
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(compact=True),
                TextColumn("[dim]{task.fields[note]}"),
                console=self.console,
            )

    def __enter__(self) -> ProgressReport:
        if self._bars:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def __call__(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Says how far a stage is.

        Args:
            stage: its name.
            done: steps done.
            total: steps there are.
            note: anything else worth knowing now.
        """
        now = self._clock()
        state = self._stages.get(stage)
        if state is None or done < state.done:  # a new stage, or the same one again
            bar = self._bars.add_task(stage, total=total, rate="", note="") if self._bars else None
            state = self._stages[stage] = _Stage(now, done, now, bar)
        state.done = done
        rate = (done - state.first) / (now - state.began) if now > state.began else 0.0
        shown = ""
        if rate:
            shown = f"{rate:,.1f}/s" if rate >= 0.05 else f"{60 * rate:,.1f}/min"
        if self._bars and state.bar is not None:
            self._bars.update(state.bar, completed=done, total=total, rate=shown, note=note)
        elif now - state.said >= _EVERY or (done >= total and now - state.began >= 1.0):
            left = f", {_minutes((total - done) / rate)} left" if rate and done < total else ""
            parts = (f"{stage}: {done:,} of {total:,}", f", {shown}" if shown else "", left)
            self.line("".join(parts) + (f", {note}" if note else ""))

    def line(self, text: str) -> None:
        """Prints a line of text, without markup; the stages are quiet for a while after it."""
        for state in self._stages.values():
            state.said = self._clock()
        self.console.print(text, markup=False)


class _Stage:
    """When a stage began and at how many steps, how far it is, and when it was last spoken of."""

    def __init__(self, began: float, first: int, said: float, bar: TaskID | None) -> None:
        self.began, self.first, self.said, self.bar = began, first, said, bar
        self.done = first


def _minutes(seconds: float) -> str:
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
