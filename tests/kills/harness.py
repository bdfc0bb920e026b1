"""Starts commands in processes of their own, kills them, and starts them again until they get through."""

from __future__ import annotations

import json
import math
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("child.py")
ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "OPENBLAS_NUM_THREADS": "1",
}


@dataclass(frozen=True)
class Strike:
    """When a process is killed: at a write, in the midst of a file's contents, or at a time.

    Attributes:
        kind: of the write; see ``child.py``.
        count: the how manieth of them.
        size: from that write on the kernel kills it when a file gets longer than this, in bytes.
        after: seconds after it opened its first file.
        expected: when that is in an uninterrupted run; strikes of a chain come in this order.
    """

    kind: str | None = None
    count: int = 1
    size: int | None = None
    after: float | None = None
    expected: float = field(default=0.0, compare=False)


@dataclass(frozen=True)
class Ended:
    """A process that ended by itself or was killed.

    Attributes:
        code: the exit code, or minus the signal.
        said: on standard error.
        writes: the second (from its first file on) and the kind of each.
        seconds: from its first file to its end.
    """

    code: int
    said: str
    writes: list[tuple[float, str]]
    seconds: float

    @property
    def killed(self) -> bool:
        return self.code in (-signal.SIGKILL, -signal.SIGXFSZ)


class Commands:
    """Runs commands, one at a time, each in a process of its own; see ``child.py``.

    Args:
        before: a command that ends by running what is given to it, in other surroundings.
    """

    def __init__(self, *before: str) -> None:
        paths = os.pathsep.join(filter(None, sys.path))
        self._server = subprocess.Popen(
            [*before, sys.executable, str(CHILD)],
            env={**os.environ, **ENVIRONMENT, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    @property
    def process(self) -> int:
        """The id of the process whose surroundings they run in."""
        return self._server.pid

    def wait(self) -> None:
        """Waits until they can be run."""
        self._ask({})

    def __enter__(self) -> Commands:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.kill()
        self._server.communicate()

    def run(self, base: Path, folder: Path, arguments: Sequence[Any], strike: Strike | None = None) -> Ended:
        """Runs ``tfmmrec arguments`` and kills it as the strike says.

        Args:
            base: what it reads stands below it.
            folder: what it writes stands below it.
            arguments: of the command line.
            strike: None lets it run.
        """
        folder.mkdir(parents=True, exist_ok=True)
        log, said = (folder.with_name(f"{folder.name}.{what}") for what in ("writes", "said"))
        log.write_text("")
        told = {name: value for name, value in asdict(strike).items() if value is not None} if strike else {}
        asked = {"base": base, "folder": folder, "log": log, "said": said}
        arguments = [str(argument) for argument in arguments]
        process = self._ask({**asked, "strike": told, "arguments": arguments})
        if strike is not None and strike.after is not None:
            self._kill_after(process, log, strike.after)
        code = self._answer()
        ended = time.monotonic()
        lines = [line.split(" ", 1) for line in log.read_text().splitlines()]
        begun = float(lines[0][0]) if lines else ended
        writes = [(float(second) - begun, kind) for second, kind in lines if kind != "begin"]
        return Ended(code, said.read_text(), writes, ended - begun)

    def _ask(self, what: dict[str, Any]) -> int:
        assert self._server.stdin
        self._server.stdin.write(json.dumps(what, default=str) + "\n")
        self._server.stdin.flush()
        return self._answer()

    def _answer(self) -> int:
        assert self._server.stdout
        return int(self._server.stdout.readline())

    def _kill_after(self, process: int, log: Path, seconds: float) -> None:
        """Sends the signal so many seconds after the process began, unless it has ended by then."""
        assert self._server.stdout
        until = math.inf
        while not select.select([self._server.stdout], [], [], 0.002)[0]:
            if until == math.inf and log.stat().st_size:
                until = float(log.read_text().split()[0]) + seconds
            if time.monotonic() >= until:
                os.kill(process, signal.SIGKILL)  # it cannot be another's: nobody has waited for it yet
                return


def at_writes(writes: Iterable[tuple[float, str]], seed: int) -> list[Strike]:
    """One strike at each kind of write of an uninterrupted run, at any of its occurrences."""
    drawn = random.Random(seed)
    seconds: dict[str, list[float]] = {}
    for second, kind in writes:
        seconds.setdefault(kind, []).append(second)
    strikes = []
    for kind, when in seconds.items():
        count = drawn.randint(1, len(when))
        strikes.append(Strike(kind, count, expected=when[count - 1]))
    return strikes


def at_times(first: float, last: float, number: int, seed: int) -> list[Strike]:
    """Strikes spread over a span of seconds: one drawn from each of its equal parts."""
    drawn = random.Random(seed)
    step = (last - first) / number
    times = [first + step * (place + drawn.random()) for place in range(number)]
    return [Strike(after=second, expected=second) for second in times]


@dataclass
class Kills:
    """Kills of one stage and what came of them.

    Attributes:
        stage: its name.
        command: ``folder → arguments``, always the same for the same folder.
        base: what is read stands below it; the folders of the chains too.
        fresh: prepares the folder of a chain.
        check: looks at what a killed process left in the folder.
        finished: looks at what stands there once the command got through.
        counts: whether a process that such a strike killed, and that left such a folder, was in the stage.
        log: of all kills.
    """

    stage: str
    command: Callable[[Path], Sequence[Any]]
    base: Path
    fresh: Callable[[Path], None]
    check: Callable[[Path, Ended], None]
    finished: Callable[[Path, Ended], None]
    counts: Callable[[Path, Strike], bool] = lambda folder, strike: True
    log: list[dict[str, Any]] = field(default_factory=list)

    def run(self, strikes: Sequence[Strike], chains: int = 2) -> None:
        """Deals the strikes out to chains, in order, and runs these beside each other."""
        ordered = sorted(strikes, key=lambda strike: strike.expected)
        with ThreadPoolExecutor(chains) as pool:
            running = [pool.submit(self._chain, place, ordered[place::chains]) for place in range(chains)]
            for one in running:
                one.result()

    def run_until(self, number: int, first: float, last: float, seed: int) -> None:
        """Strikes at more seconds of a span until so many kills by time were within the stage.

        A machine that hurries or dawdles moves the stage, and kills come before it begins or after it ends.
        """
        for again in range(10):
            lacking = number - len(self.struck("second"))
            if lacking > 0:
                self.run(at_times(first, last, lacking, seed + 100 * again))

    def _chain(self, place: int, strikes: Sequence[Strike]) -> None:
        """Kills the same command in the same folder again and again; then lets it get through.

        A command that gets through before it is struck ends the chain, and the strike is for the next one:
        there is less to do, and so less to write, where others left something.
        """
        with Commands() as commands:
            self._chains(commands, place, deque(strikes))

    def _chains(self, commands: Commands, place: int, left: deque[Strike]) -> None:
        chain = len(list(self.base.glob(f"{self.stage}-{place}-*")))
        while left:
            folder = self.base / f"{self.stage}-{place}-{chain}"
            folder.mkdir()
            self.fresh(folder)
            kills, ended = 0, None
            while left:
                ended = commands.run(self.base, folder, self.command(folder), left[0])
                if not ended.killed:
                    if not kills:  # nor would it be struck next time
                        left.popleft()
                    break
                self._note(folder, left.popleft(), ended)
                self.check(folder, ended)
                kills += 1
            if ended is None or ended.killed:
                ended = commands.run(self.base, folder, self.command(folder))
            self.finished(folder, ended)
            chain += 1

    def _note(self, folder: Path, strike: Strike, ended: Ended) -> None:
        aside = [path for path in sorted(folder.rglob("*")) if ".part-" in path.name]
        self.log.append(
            {
                "stage": self.stage,
                "in": folder.name,
                "how": "second" if strike.after is not None else "size" if strike.size else "write",
                "second": round(ended.seconds, 2),
                "kind": strike.kind if strike.after is None else None,
                "size": strike.size,
                "after": ended.writes[-1][1] if ended.writes else None,
                "counts": self.counts(folder, strike),
                "left aside": [str(path.relative_to(folder)) for path in aside],
                "sizes aside": sorted(
                    {
                        path.stat().st_size
                        for one in aside
                        for path in (one, *one.rglob("*"))
                        if path.is_file()
                    }
                ),
            }
        )

    def struck(self, how: str) -> list[dict[str, Any]]:
        """The kills in the stage of one sort."""
        return [kill for kill in self.log if kill["counts"] and kill["how"] == how]

    def __str__(self) -> str:
        return "\n".join(json.dumps(kill) for kill in self.log)
