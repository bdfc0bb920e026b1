"""The tables of the README, made from the files of results: ``python -m benchmarks.quality.readme``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.quality import ml_100k
from benchmarks.quality.rows import Table, read_rows

README = Path(__file__).parent.parent.parent / "README.md"
COLUMNS = {
    "ml-100k": {"ndcg@10": "NDCG@10", "recall@10": "HR@10", "rating.rmse": "RMSE ↓", "like.auc": "AUC"},
}


def markdown(table: Table) -> str:
    """The table in Markdown: value, its 95 % interval, and whether it differs from the first row's."""
    columns = COLUMNS[table.name]
    lines = [f"| | {' | '.join(columns.values())} | parameters |", "|---|" + "---|" * (len(columns) + 1)]
    for row in read_rows(table):
        cells = [_cell(row, metric) for metric in columns]
        parameters = f"{row['parameters']:,}" if "parameters" in row else "0"
        lines.append(f"| {row['model']} | {' | '.join(cells)} | {parameters} |")
    return "\n".join(lines)


def _cell(row: dict[str, Any], metric: str) -> str:
    found = row["metrics"].get(metric)
    if found is None:
        return "–"
    gap = row.get("first_minus_this", {}).get(metric)
    mark = "" if gap is None or gap["low"] <= 0 <= gap["high"] else " *"
    return f"{found['mean']:.4f} [{found['low']:.4f}, {found['high']:.4f}]{mark}"


def between(text: str, name: str, content: str) -> str:
    """`text` with `content` between the two marks of a table.

    Raises:
        ValueError: the marks are not there.
    """
    start, end = f"<!-- table {name} -->\n", f"\n<!-- end {name} -->"
    if start not in text or end not in text:
        raise ValueError(f"The README has no marks for table {name!r}: {start.strip()} … {end.strip()}.")
    head, rest = text.split(start, 1)
    return head + start + content + end + rest.split(end, 1)[1]


def generated(text: str) -> str:
    """The README with its tables as the results are now."""
    for table in (ml_100k.TABLE,):
        text = between(text, table.name, markdown(table))
    return text


if __name__ == "__main__":
    README.write_text(generated(README.read_text("utf-8")), "utf-8")
