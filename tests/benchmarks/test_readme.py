"""The README's tree is the package and its tables are the results, and nothing else."""

from pathlib import Path

import pytest

from benchmarks.readme import between, generated, tree

README = Path(__file__).parent.parent.parent / "README.md"


def test_tree_and_tables_are_generated():
    text = README.read_text("utf-8")
    assert generated(text) == text, "run `python -m benchmarks.readme`"


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
