"""What of the README is generated: ``python -m benchmarks.readme`` writes the tree and the tables anew."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from benchmarks.quality import ml_100k
from benchmarks.quality.rows import Table, read_rows
from benchmarks.speed import results as speed

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COLUMNS = {
    "ml-100k": {"ndcg@10": "NDCG@10", "recall@10": "HR@10", "rating.rmse": "RMSE ↓", "like.auc": "AUC"},
}


def tree(package: Path) -> str:
    """The package's files, each with the first line of its docstring."""
    lines = ["```", f"{package.name}/"]
    for path in sorted(package.rglob("*.py"), key=_in_reading_order):
        depth = "  " * len(path.relative_to(package).parts)
        inside = path.name == "__init__.py"
        name = f"{depth[2:]}{path.parent.name}/" if inside else f"{depth}{path.name}"
        if path == package / "__init__.py":
            continue
        lines.append(f"{name:<26} {_first_line(path)}")
    return "\n".join([*lines, "```"])


def _in_reading_order(path: Path) -> tuple[Any, ...]:
    """Files of a package come before its subpackages, its ``__init__.py`` first."""
    *folders, name = path.parts
    return (*((1, part) for part in folders), (0, "" if name == "__init__.py" else name))


def _first_line(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return said.split("\n", 1)[0].replace("``", "`").removesuffix(".")


def markdown(table: Table) -> str:
    """The table in Markdown: values with their intervals, and below them the paired differences."""
    columns = COLUMNS[table.name]
    rows = read_rows(table)
    lines = [f"| | {' | '.join(columns.values())} | parameters |", "|---|" + "---|" * (len(columns) + 1)]
    for row in rows:
        cells = [_bounds(row["metrics"].get(metric), "") for metric in columns]
        parameters = f"{row['parameters']:,}" if "parameters" in row else "0"
        lines.append(f"| {row['model']} | {' | '.join(cells)} | {parameters} |")
    compared = [row for row in rows if row.get("first_minus_this")]
    if compared:
        lines += ["", f"| {rows[0]['model']}, minus … | {' | '.join(columns.values())} |"]
        lines.append("|---|" + "---|" * len(columns))
    for row in compared:
        cells = [_bounds(row["first_minus_this"].get(metric), "+") for metric in columns]
        lines.append(f"| {row['model']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _bounds(found: dict[str, float] | None, sign: str) -> str:
    """Value and interval; a paired difference whose interval leaves out zero is bold."""
    if found is None:
        return "–"
    value = f"{found['mean']:{sign}.4f}"
    if sign and not found["low"] <= 0 <= found["high"]:
        value = f"**{value}**"
    return f"{value} [{found['low']:{sign}.4f}, {found['high']:{sign}.4f}]" if "low" in found else value


def between(text: str, name: str, content: str) -> str:
    """`text` with `content` between the two marks of a name.

    Raises:
        ValueError: the marks are not there.
    """
    start, end = f"<!-- {name} -->\n", f"\n<!-- end {name} -->"
    if start not in text or end not in text:
        raise ValueError(f"The README has no marks for {name!r}: {start.strip()} … {end.strip()}.")
    head, rest = text.split(start, 1)
    return head + start + content + end + rest.split(end, 1)[1]


def generated(text: str) -> str:
    """The README with its tree as the package is now and its tables as the results are."""
    text = between(text, "tree", tree(ROOT / "tfmmrec"))
    for table in (ml_100k.TABLE,):
        text = between(text, table.name, markdown(table))
    return between(text, "speed", speed.table())


if __name__ == "__main__":
    README.write_text(generated(README.read_text("utf-8")), "utf-8")
