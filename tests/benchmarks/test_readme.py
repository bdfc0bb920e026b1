"""README and CONTRIBUTING say what the package and the results are, and nothing else."""

from pathlib import Path

import pytest

from benchmarks import readme
from benchmarks.quality.table import Reading, Row, Table
from benchmarks.readme import (
    between,
    by_reading,
    generated,
    generated_guide,
    markdown,
    members,
    tree,
    which_file,
)
from tfmmrec.families import Family

README = Path(__file__).parent.parent.parent / "README.md"


def test_tree_and_tables_are_generated():
    text = README.read_text("utf-8")
    assert generated(text) == text, "run `python -m benchmarks.readme`"


def test_the_table_of_files_is_generated():
    text = README.with_name("CONTRIBUTING.md").read_text("utf-8")
    assert generated_guide(text) == text, "run `python -m benchmarks.readme`"


def test_tables_of_a_family_by_hand():
    family = Family("fusion", "fusion", "`FusionContract`", "Fusion")
    lines = members([family]).split("\n")
    assert lines[0] == "| family | member | what it is | source |"
    assert lines[2].startswith(
        "| [fusion](tfmmrec/fusion/) | [`Adversarial`](tfmmrec/fusion/adversarial.py) |"
    )
    (mean,) = (line for line in lines if "[`Mean`]" in line)
    assert mean.startswith(
        "|  | [`Mean`](tfmmrec/fusion/pooling.py) | `(x_1 + … + x_M) / M` with `x_m` the mean"
    )
    assert mean.endswith("; it has no weights | `(x_1 + … + x_M) / M` |")
    assert all(line.count("|") - line.count("\\|") == 5 for line in lines)
    assert which_file([family]).split("\n")[2] == "| fusion | `tfmmrec/fusion/<name>.py` | `FusionContract` |"


def test_a_table_turned_by_hand(monkeypatch):
    def record(name, value, gap=None, parameters=1000):
        bounds = {"mean": value, "low": value - 0.1, "high": value + 0.1}
        found = {"model": name, "metrics": {"hits": bounds}, "seeds": [0], "first_minus_this": {}}
        found |= {"parameters": parameters} if parameters else {}
        if gap is not None:
            found["first_minus_this"] = {"hits": {"mean": gap, "low": gap - 0.1, "high": gap + 0.1}}
        return found

    records = [
        record("all", 0.5),
        record("all, new items", 0.4),
        record("all, plot missing", 0.3),
        record("some", 0.3, 0.2),
        record("some, new items", 0.45, -0.05),
        record("popular", 0.1, 0.4, 0),
    ]
    monkeypatch.setattr(readme, "read_rows", lambda _: records)
    rows = tuple(Row(name, lambda schema: schema) for name in ("all", "some", "not yet", "popular"))
    readings = (Reading(), Reading("new items"), Reading("plot missing"))
    table = Table("t", "d", lambda *_: Path(), {"hits": "HR", "more": "M"}, rows, readings=readings)
    assert by_reading(table).split("\n") == [
        "| HR | all | some | popular |",
        "|---|---|---|---|",
        "| as it is | 0.5000 [0.4000, 0.6000] | 0.3000 [0.2000, 0.4000] | 0.1000 [0.0000, 0.2000] |",
        "| new items | 0.4000 [0.3000, 0.5000] | 0.4500 [0.3500, 0.5500] | – |",
        "| plot missing | 0.3000 [0.2000, 0.4000] | – | – |",
        "| parameters | 1,000 | 1,000 | – |",
        "| seeds | 1 | 1 | 1 |",
        "",
        "| all, minus … | some | popular |",
        "|---|---|---|",
        "| as it is | **+0.2000** [+0.1000, +0.3000] | **+0.4000** [+0.3000, +0.5000] |",
        "| new items | -0.0500 [-0.1500, +0.0500] | – |",
    ]


def test_differences_are_headed_by_what_is_compared_with(monkeypatch):
    gap = {"hits": {"mean": 0.2, "low": 0.1, "high": 0.3}}
    records = [
        {"model": name, "metrics": {"hits": {"mean": 0.5}}, "seeds": [0], "first_minus_this": found}
        for name, found in (("all", {}), ("some", gap), ("all later", {}), ("some later", gap))
    ]
    rows = tuple(
        Row(f"{name}{when}", lambda schema: schema, load=load)
        for when, load in (("", {}), (" later", {"split": "global-time"}))
        for name in ("all", "some")
    )
    table = Table("t", "d", lambda *_: Path(), {"hits": "HR"}, rows)
    monkeypatch.setattr(readme, "read_rows", lambda _: records[:2])
    assert markdown(table).split("\n")[-3:] == [
        "| all, minus … | HR |",
        "|---|---|",
        "| some | **+0.2000** [+0.1000, +0.3000] |",
    ]
    monkeypatch.setattr(readme, "read_rows", lambda _: records)
    assert markdown(table).split("\n")[-4:] == [
        "| the first of the same split, minus … | HR |",
        "|---|---|",
        "| some | **+0.2000** [+0.1000, +0.3000] |",
        "| some later | **+0.2000** [+0.1000, +0.3000] |",
    ]


def test_between_replaces_only_what_stands_between_the_marks():
    text = "a\n<!-- t -->\nold\n<!-- end t -->\nb"
    assert between(text, "t", "new") == "a\n<!-- t -->\nnew\n<!-- end t -->\nb"


def test_between_needs_the_marks():
    with pytest.raises(ValueError, match="no marks for 't'"):
        between("a", "t", "new")


def test_a_tree_by_hand(tmp_path):
    for path, said in {
        "shop/__init__.py": "Not shown: it is the name above.",
        "shop/zoo.py": "Animals.\n\nMany of them.",
        "shop/birds/__init__.py": "Birds.",
        "shop/birds/owl.py": "Runs ``by night``",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(f'"""{said}"""')
    assert tree(tmp_path / "shop").split("\n") == [
        "```",
        "shop/",
        "  zoo.py                   Animals",
        "  birds/                   Birds",
        "    owl.py                 Runs `by night`",
        "```",
    ]
