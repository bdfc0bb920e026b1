"""What the benchmarks of speed share: one form for results, and peers in processes of their own."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "results"
THREADS = 2
"""Threads that we and every peer get."""
_ASKED = re.compile(r"(.+), k = (\d+), batch (\d+)")


@dataclass(frozen=True)
class Measured:
    """One measurement beside a peer's, of one run in which both took turns.

    Attributes:
        name: what was measured.
        ours, peer: in `unit`.
        peer_name: whose the other number is.
        unit: such as ``"tokens/s"`` or ``"s"``.
        less_is_better: for times and memory: then the ratio is the peer's by ours.
        recall: ours and the peer's, of what finds some of the best; None where all is found.
    """

    name: str
    ours: float
    peer: float
    peer_name: str
    unit: str
    less_is_better: bool = False
    recall: tuple[float, float] | None = None

    @property
    def ratio(self) -> float:
        """Above 1 where ours is better."""
        return self.peer / self.ours if self.less_is_better else self.ours / self.peer


def write(file: str, measured: Iterable[Measured], command: str, instead_of: str = "") -> None:
    """Writes ``benchmarks/results/speed-<file>.json`` and prints what is new.

    Rows whose names begin otherwise than `instead_of` stay; it is all of them that begin with nothing.
    """
    path = RESULTS / f"speed-{file}.json"
    there = json.loads(path.read_text("utf-8")) if path.is_file() else []
    others = [row for row in there if not row["name"].startswith(instead_of)]
    shared = {"command": command, "hardware": hardware(), "git_commit": commit()}
    rows = [
        {
            "name": one.name,
            "ours": float(f"{one.ours:.4g}"),
            "peer": float(f"{one.peer:.4g}"),
            "peer_name": one.peer_name,
            "ratio": round(one.ratio, 3),
            "unit": one.unit,
            **_recalls(one),
            **shared,
        }
        for one in measured
    ]
    print(json.dumps(rows, indent=1, ensure_ascii=False))
    path.write_text(json.dumps(others + rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _recalls(one: Measured) -> dict[str, float]:
    if one.recall is None:
        return {}
    ours, peer = (round(value, 4) for value in one.recall)
    return {"recall": ours, "peer_recall": peer}


def hardware() -> str:
    """Cores that this process may use, architecture, and what the processor calls itself."""
    pinned = getattr(os, "sched_getaffinity", None)
    cores = len(pinned(0)) if pinned else os.cpu_count()
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text("utf-8").splitlines() if cpu.is_file() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return ", ".join(filter(None, [f"{cores} cores", platform.machine(), model]))


def commit() -> str:
    """The commit that was measured, short; with a ``+`` where files but results differ from it."""

    def said(*command: str) -> str:
        found = subprocess.run(["git", *command], capture_output=True, text=True, cwd=RESULTS.parent)
        return found.stdout.strip()

    changed = said("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude)results")
    return said("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def json_lines(command: list[str], **variables: str) -> list[dict[str, Any]]:
    """Runs a process with `THREADS` threads and reads the lines of JSON it prints.

    Raises:
        SystemExit: the process failed; with its last words.
    """
    threads = {name: str(THREADS) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    environment = {**os.environ, **threads, "TF_CPP_MIN_LOG_LEVEL": "3", **variables}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{ended.stderr[-3000:]}")
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


def table() -> str:
    """All results in Markdown: a table for each file, below the command that made it."""
    parts = []
    for path in sorted(RESULTS.glob("speed-*.json")):
        rows = json.loads(path.read_text("utf-8"))
        commands = dict.fromkeys(row["command"] for row in rows)
        lines = crossed(rows) if all(_ASKED.fullmatch(row["name"]) for row in rows) else one_by_one(rows)
        parts.append("\n".join(["```", *commands, "```", "", *lines]))
    return "\n\n".join(parts)


def one_by_one(rows: list[dict[str, Any]]) -> list[str]:
    """A line for each row; with the percentiles of the time to an answer where they were taken."""
    times = [name for name in ("p50 ms", "p95 ms", "p99 ms") if all(name in row for row in rows)]
    lines = [_line(["", "ours", *times, "peer", "", "ratio"]), "|---" * (5 + len(times)) + "|"]
    for row in rows:
        ours, peer = (f"{row[name]:,g} {row['unit']}" for name in ("ours", "peer"))
        taken = [f"{row[name]:g}" for name in times]
        lines.append(_line([row["name"], ours, *taken, peer, row["peer_name"], f"{row['ratio']:g}"]))
    return lines


def _line(cells: list[str]) -> str:
    return f"|{'|'.join(f' {cell} ' if cell else ' ' for cell in cells)}|"


def crossed(rows: list[dict[str, Any]]) -> list[str]:
    """Rows of indexes, a table for each k: a line for each peer, a column for each size of batch.

    Cells are in the rows' unit; in brackets stands the ratio.
    """
    lines = []
    batches = sorted({_asked(row)[2] for row in rows}, key=int)
    headings = " | ".join(f"batch {batch}, {rows[0]['unit']}" for batch in batches)
    for k in sorted({_asked(row)[1] for row in rows}, key=int):
        cells: dict[tuple[str, str], dict[str, str]] = {}
        for row in rows:
            case, asked, batch = _asked(row)
            if asked == k:
                cells.setdefault((case, "ours"), {})[batch] = f"{row['ours']:,g}"
                cells.setdefault((case, row["peer_name"]), {})[batch] = f"{row['peer']:,g} ({row['ratio']:g})"
        lines += [""] if lines else []
        lines += [f"| k = {k} | | {headings} |", "|---|---|" + "---|" * len(batches)]
        for (case, name), found in cells.items():
            values = " | ".join(found.get(batch, "–") for batch in batches)
            lines.append(f"| {case if name == 'ours' else ''} | {name} | {values} |")
    return lines


def _asked(row: dict[str, Any]) -> tuple[str, str, str]:
    """Case, k and batch of a row's name."""
    found = _ASKED.fullmatch(row["name"])
    assert found is not None
    return found[1], found[2], found[3]
