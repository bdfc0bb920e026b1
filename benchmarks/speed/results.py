"""What the benchmarks of speed share: one form for results, and peers in processes of their own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent / "results"
THREADS = 2
"""Threads that we and every peer get."""


@dataclass(frozen=True)
class Measured:
    """One measurement beside a peer's, of one run in which both took turns.

    Attributes:
        name: what was measured.
        ours, peer: in `unit`.
        peer_name: whose the other number is.
        unit: such as ``"tokens/s"`` or ``"s"``.
        less_is_better: for times and memory: then the ratio is the peer's by ours.
    """

    name: str
    ours: float
    peer: float
    peer_name: str
    unit: str
    less_is_better: bool = False

    @property
    def ratio(self) -> float:
        """Above 1 where ours is better."""
        return self.peer / self.ours if self.less_is_better else self.ours / self.peer


def write(file: str, measured: Iterable[Measured], command: str) -> None:
    """Writes ``benchmarks/results/speed-<file>.json`` and prints it."""
    shared = {"command": command, "hardware": hardware(), "git_commit": commit()}
    rows = [
        {
            "name": one.name,
            "ours": float(f"{one.ours:.4g}"),
            "peer": float(f"{one.peer:.4g}"),
            "peer_name": one.peer_name,
            "ratio": round(one.ratio, 3),
            "unit": one.unit,
            **shared,
        }
        for one in measured
    ]
    text = json.dumps(rows, indent=1, ensure_ascii=False)
    (RESULTS / f"speed-{file}.json").write_text(text + "\n", "utf-8")
    print(text)


def hardware() -> str:
    """Cores, architecture, and what the processor calls itself."""
    cpu = Path("/proc/cpuinfo")
    lines = cpu.read_text("utf-8").splitlines() if cpu.is_file() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    return ", ".join(filter(None, [f"{os.cpu_count()} cores", platform.machine(), model]))


def commit() -> str:
    """The commit that was measured, short; with a ``+`` where files differ from it."""
    said = subprocess.run(["git", "describe", "--always", "--dirty=+"], capture_output=True, text=True)
    return said.stdout.strip()


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
        lines = [f"`{rows[0]['command']}`", "", "| | ours | peer | | ratio |", "|---|---|---|---|---|"]
        for row in rows:
            ours, peer = (f"{row[name]:,g} {row['unit']}" for name in ("ours", "peer"))
            lines.append(f"| {row['name']} | {ours} | {peer} | {row['peer_name']} | {row['ratio']:g} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)
