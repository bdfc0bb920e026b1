"""The committed ablations: ``python -m benchmarks.ablations NAME``; what ended before is not run again.

By the same engine as `tfmmrec ablate`, on validation, each run in a process of its own. With ``--try`` two
members and two epochs, and nothing is written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.quality import lastfm_2k, ml_100k
from benchmarks.quality.rows import KEPT, RESULTS, source_folder
from benchmarks.quality.table import Table
from benchmarks.speed.results import commit, hardware
from tfmmrec.aside import file_aside
from tfmmrec.recipes.ablation import Ablation, ablate
from tfmmrec.recipes.comparison import estimate, mean
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.trial import DONE
from tfmmrec.recipes.variations import varied
from tfmmrec.schema import Schema


@dataclass(frozen=True)
class Committed:
    """An ablation whose results stand in ``benchmarks/results/ablation-<name>.json``.

    Attributes:
        name: of the ablation.
        about: in words.
        table: whose data, schema and settings it takes.
        vary: see `tfmmrec.recipes.variations.varied`.
        columns: metric → heading; the models are ranked by the first.
        settings: that differ from the table's. So many epochs that a run takes at most 90 s on two cores.
        seeds, top: so many trainings of so many of the best.
        tried: what ``--try`` varies.
    """

    name: str
    about: str
    table: Table
    vary: tuple[str, ...]
    columns: Mapping[str, str]
    settings: Mapping[str, Any]
    tried: tuple[str, ...]
    seeds: int = 3
    top: int = 5

    @property
    def command(self) -> str:
        """What makes it."""
        return f"python -m benchmarks.ablations {self.name}"

    @property
    def base(self) -> Settings:
        """The settings of all."""
        known = {**self.table.load, **self.table.model, **self.table.training, **self.settings}
        return Settings(**known)


_FUSIONS = ("fusion=all", "alignment=none,contrastive")
_FEW_FUSIONS = ("fusion=sum,gated", "alignment=none")

# of MovieLens-100K, where posters and plots are encoded while it trains
_SMALL = {"epochs": 4, "learning_rate": 3e-3, "width": 32, "encode_items": 32}
_NO_MEDIA = ["item_id", "title", "genres", "year"]  # what tasks share is no matter of posters

ABLATIONS = {
    one.name: one
    for one in (
        Committed(
            "lastfm-2k-fusion",
            "Last.fm-2K: every fusion, without alignment and with InfoNCE",
            lastfm_2k.TABLE,
            _FUSIONS,
            {"recall@20": "recall@20", "ndcg@20": "NDCG@20"},
            {"epochs": 10, "learning_rate": 3e-3},
            _FEW_FUSIONS,
        ),
        Committed(
            "ml-100k-fusion",
            "MovieLens-100K, the next film: every fusion, without alignment and with InfoNCE",
            ml_100k.PLAIN,
            _FUSIONS,
            {"ndcg@10": "NDCG@10", "recall@20": "recall@20"},
            {**_SMALL, "only": {"tasks": ["next_item"]}},
            _FEW_FUSIONS,
        ),
        Committed(
            "ml-100k-sharing",
            "MovieLens-100K, next film, rating and like together, by ids, titles, genres and years: every "
            "sharing scheme under every balancing",
            ml_100k.PLAIN,
            ("sharing=all", "balancing=all"),
            {"ndcg@10": "NDCG@10", "rating.rmse": "RMSE ↓", "like.auc": "AUC"},
            {**_SMALL, "epochs": 8, "only": {"item": _NO_MEDIA}},
            ("sharing=shared_bottom,esmm", "balancing=fixed"),
        ),
    )
}


def run(one: Committed, tried: bool = False, report: Any = None) -> Ablation:
    """Trains what has not been trained."""
    folder = one.table.prepare(str(source_folder()), KEPT / one.table.name / "data")
    schema = one.table.schema(Schema.from_toml(folder / "schema.toml"))
    base = replace(one.base, epochs=2) if tried else one.base
    choices = varied(one.tried if tried else one.vary, schema, base)
    kept = KEPT / "ablations" / (f"{one.name}-tried" if tried else one.name)
    metric = next(iter(one.columns))
    seeds, top = (2, 1) if tried else (one.seeds, one.top)
    return ablate(folder, schema, kept, base, choices, seeds=seeds, top=top, metric=metric, report=report)


def records(one: Committed, found: Ablation) -> list[dict[str, Any]]:
    """A record for each model, from the best to the worst."""
    splits = {outcome.split_sha256 for _, outcome in found.runs.values() if outcome.state == DONE}
    shared = {
        "dataset": one.table.dataset,
        "split_sha256": sorted(splits)[0],
        "protocol": f"validation, {one.base.epochs} epochs each",
    }
    made = {"hardware": hardware(), "command": one.command, "git_commit": commit()}
    rows = []
    for ranked in found.ranked:
        done = [run for (name, _), run in found.runs.items() if name == ranked.name and run[1].state == DONE]
        metrics = {
            metric: _rounded(mean([estimate(trial, outcome, metric) for trial, outcome in done]))
            for metric in (done[0][1].metrics if done else ())
        }
        row = {
            "model": ranked.name,
            "values": ranked.values,
            "metrics": metrics,
            "seeds": list(ranked.seeds),
            "between_seeds": None if ranked.spread is None else round(ranked.spread, 5),
            "reference": found.reference,
            "minus_reference": None if ranked.gap is None else {found.metric: _rounded(ranked.gap)},
            "parameters": ranked.parameters,
            "seconds": round(ranked.seconds, 1),
            "peak_memory_mb": round(ranked.peak_memory_mb),
            "reason": ranked.reason,
        }
        rows.append({**shared, **row, **made})
    return rows


def section() -> str:
    """All results in Markdown, each below what it is about and the command that made it."""
    parts = []
    for one in ABLATIONS.values():
        path = RESULTS / f"ablation-{one.name}.json"
        if path.is_file():
            rows = json.loads(path.read_text("utf-8"))
            parts.append(f"**{one.about}**: `{one.command}`\n\n{table(one.columns, rows)}")
    return "\n\n".join(parts)


def table(columns: Mapping[str, str], rows: list[dict[str, Any]]) -> str:
    """The records of an ablation in Markdown; a difference whose interval leaves out zero is bold."""
    first, heading = next(iter(columns.items()))
    varied_over = list(rows[0]["values"])
    heads = [*varied_over, *columns.values(), f"{heading}, minus {rows[0]['reference']}"]
    heads += ["± seeds", "seeds", "seconds", "parameters", "MB"]
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    reasons: dict[str, list[str]] = {}
    for row in rows:
        values = [row["values"][name] for name in varied_over]
        if not row["metrics"]:
            reasons.setdefault(row["reason"], []).append(row["model"])
            continue
        cells = [*values, *(_bounds(row["metrics"].get(metric), "") for metric in columns)]
        gap = (row["minus_reference"] or {}).get(first)
        cells += [
            "reference" if row["model"] == row["reference"] else _bounds(gap, "+"),
            "" if row["between_seeds"] is None else f"{row['between_seeds']:.4f}",
            str(len(row["seeds"])),
            f"{row['seconds']:,.0f}",
            f"{row['parameters']:,}",
            f"{row['peak_memory_mb']:,}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    for reason, models in reasons.items():
        lines += ["", f"Not trained: {'; '.join(models)}. {reason}"]
    return "\n".join(lines)


def _rounded(found: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 5) for name, value in found.items()}


def _bounds(found: Mapping[str, float] | None, sign: str) -> str:
    if found is None:
        return "–"
    value = f"{found['mean']:{sign}.4f}"
    if sign and "low" in found and not found["low"] <= 0 <= found["high"]:
        value = f"**{value}**"
    return f"{value} [{found['low']:{sign}.4f}, {found['high']:{sign}.4f}]" if "low" in found else value


def main() -> None:
    """Runs one, or what is left of it, and writes its results."""
    from tfmmrec.cli.progress import ProgressReport

    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.ablations", description=__doc__.splitlines()[0]
    )
    parser.add_argument("name", choices=sorted(ABLATIONS))
    parser.add_argument(
        "--try", dest="tried", action="store_true", help="two members, and nothing is written"
    )
    given = parser.parse_args()
    one = ABLATIONS[given.name]
    with ProgressReport() as report:
        found = run(one, given.tried, report)
    rows = records(one, found)
    print(table(one.columns, rows))
    if given.tried:
        return
    path = RESULTS / f"ablation-{one.name}.json"
    with file_aside(path) as aside:
        aside.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{path}: now `python -m benchmarks.readme`", file=sys.stderr)


if __name__ == "__main__":
    main()
