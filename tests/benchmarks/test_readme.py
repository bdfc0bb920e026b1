"""README and CONTRIBUTING say what the package and the results are, and nothing else."""

from pathlib import Path

import pytest

from benchmarks.readme import between, generated, generated_guide, members, tree, which_file
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
