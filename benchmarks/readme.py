"""What of README and CONTRIBUTING is generated: ``python -m benchmarks.readme`` writes it anew."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import stdev
from typing import Any

from benchmarks import ablations
from benchmarks.quality.rows import read_rows, reference, said
from benchmarks.quality.table import Table
from benchmarks.quality.tables import TABLES
from benchmarks.speed import results as speed
from tfmmrec.families import FAMILIES, Family

ROOT = Path(__file__).parent.parent
README, CONTRIBUTING = ROOT / "README.md", ROOT / "CONTRIBUTING.md"


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


def members(families: list[Family]) -> str:
    """A table of all members: the first sentence of their docstrings, and the papers or formulas named."""
    lines = ["| family | member | what it is | source |", "|---|---|---|---|"]
    for family in families:
        for n, member in enumerate(family.members()):
            name = f"[{family.package}]({family.place})" if n == 0 else ""
            what, source = (_cell(text) for text in (member.summary, member.source))
            lines.append(f"| {name} | [`{member.name}`]({member.file}) | {what} | {source} |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text in a cell of a Markdown table; formulas of docstrings are code."""
    return text.replace("``", "`").replace("|", "\\|")


def which_file(families: list[Family]) -> str:
    """The file to touch for a new member, and what it must keep."""
    lines = ["| I want a new … | file | the contract |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {one.new} | `{one.path}` | {one.contract} |" for one in families)])


def section(table: Table) -> str:
    """A table with what it is about and the command that makes it."""
    shown = by_reading(table) if table.by_reading else markdown(table)
    parts = [f"**{table.dataset}**: `python -m benchmarks.quality {table.name}`", table.about, shown]
    return "\n\n".join(part for part in parts if part)


def markdown(table: Table) -> str:
    """The table in Markdown: values with their intervals, and below them the paired differences.

    Of rows with several seeds both are means over the seeds; the interval is over users. How far the seeds
    lie apart stands beside how many they are: the standard deviation of the first metric.
    """
    columns, by_name = table.columns, _by_name(table)
    first = next(iter(columns))
    lines = [
        f"| | {' | '.join(columns.values())} | parameters | seeds |",
        "|---|" + "---|" * (len(columns) + 2),
    ]
    for name, rows in by_name.items():
        cells = [_bounds(_mean([row["metrics"].get(metric) for row in rows]), "") for metric in columns]
        lines.append(f"| {name} | {' | '.join(cells)} | {_parameters(rows)} | {_seeds(rows, first)} |")
    for begin in table.means:
        if found := [row["metrics"] for name in by_name if name.startswith(begin) for row in by_name[name]]:
            means = [sum(metrics[metric]["mean"] for metrics in found) / len(found) for metric in columns]
            lines.append(f"| {begin}, mean | {' | '.join(f'{mean:.4f}' for mean in means)} | | |")
    compared = {
        name: [row["first_minus_this"] for row in rows if row.get("first_minus_this")]
        for name, rows in by_name.items()
    }
    if any(compared.values()):
        firsts = {reference(table, by_name, row) for row in table.rows if compared.get(row.name)}
        whose = firsts.pop() if len(firsts) == 1 else "the first of the same split"
        lines += ["", f"| {whose}, minus … | {' | '.join(columns.values())} |"]
        lines.append("|---|" + "---|" * len(columns))
    for name, gaps in compared.items():
        if gaps:
            cells = [_bounds(_mean([gap.get(metric) for gap in gaps]), "+") for metric in columns]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def by_reading(table: Table) -> str:
    """The table in Markdown, turned: a line for each reading, a column for each row, of the first metric."""
    (metric, heading), *_ = table.columns.items()
    by_name = _by_name(table)
    names = [row.name for row in table.rows if row.name in by_name]
    shown = [f"| {heading} | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    gaps = [f"| {names[0]}, minus … | {' | '.join(names[1:])} |", "|---|" + "---|" * len(names[1:])]
    for reading in table.readings:
        read = [by_name.get(name + said(reading), []) for name in names]
        cells = [_bounds(_mean([row["metrics"].get(metric) for row in rows]), "") for rows in read]
        shown.append(f"| {reading.name or 'as it is'} | {' | '.join(cells)} |")
        found = [[row.get("first_minus_this", {}).get(metric) for row in rows] for rows in read[1:]]
        if any(any(rows) for rows in found):
            cells = [_bounds(_mean(rows), "+") for rows in found]
            gaps.append(f"| {reading.name or 'as it is'} | {' | '.join(cells)} |")
    firsts = [by_name[name] for name in names]
    shown.append(f"| parameters | {' | '.join(_parameters(rows) for rows in firsts)} |")
    shown.append(f"| seeds | {' | '.join(_seeds(rows, metric) for rows in firsts)} |")
    return "\n".join([*shown, "", *gaps] if len(gaps) > 2 else shown)


def _parameters(rows: list[dict[str, Any]]) -> str:
    """Of a trained row; those of baselines and of other libraries are not counted."""
    return f"{rows[0]['parameters']:,}" if "parameters" in rows[0] else "–"


def _seeds(rows: list[dict[str, Any]], metric: str) -> str:
    values = [row["metrics"][metric]["mean"] for row in rows if metric in row["metrics"]]
    return f"{len(rows)} (± {stdev(values):.4f})" if len(values) > 1 else str(len(rows))


def _by_name(table: Table) -> dict[str, list[dict[str, Any]]]:
    """The table's records by the name of row and reading; of several seeds there are several."""
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in read_rows(table):
        by_name.setdefault(row["model"], []).append(row)
    return by_name


def _mean(found: list[dict[str, float] | None]) -> dict[str, float] | None:
    """Of values and of the ends of their intervals."""
    known = [one for one in found if one is not None]
    if not known:
        return None
    return {name: sum(one[name] for one in known) / len(known) for name in known[0]}


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
        raise ValueError(f"The file has no marks for {name!r}: {start.strip()} … {end.strip()}.")
    head, rest = text.split(start, 1)
    return head + start + content + end + rest.split(end, 1)[1]


def generated(text: str) -> str:
    """The README with its tree as the package is now and its tables as the results are."""
    text = between(text, "tree", tree(ROOT / "tfmmrec"))
    text = between(text, "members", members(FAMILIES))
    measured = [section(table) for table in TABLES.values() if read_rows(table)]
    text = between(text, "quality", "\n\n".join(measured))
    text = between(text, "ablations", ablations.section())
    return between(text, "speed", speed.table())


def generated_guide(text: str) -> str:
    """CONTRIBUTING with its table of files as the families are now."""
    return between(text, "families", which_file(FAMILIES))


if __name__ == "__main__":
    README.write_text(generated(README.read_text("utf-8")), "utf-8")
    CONTRIBUTING.write_text(generated_guide(CONTRIBUTING.read_text("utf-8")), "utf-8")
