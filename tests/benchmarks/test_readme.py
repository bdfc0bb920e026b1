"""The README's tables are the results, and nothing else."""

from pathlib import Path

import pytest

from benchmarks.quality.readme import between, generated

README = Path(__file__).parent.parent.parent / "README.md"


def test_tables_are_generated_from_the_results():
    text = README.read_text("utf-8")
    assert generated(text) == text, "run `python -m benchmarks.quality.readme`"


def test_between_replaces_only_what_stands_between_the_marks():
    text = "a\n<!-- table t -->\nold\n<!-- end t -->\nb"
    assert between(text, "t", "new") == "a\n<!-- table t -->\nnew\n<!-- end t -->\nb"


def test_between_needs_the_marks():
    with pytest.raises(ValueError, match="no marks for table 't'"):
        between("a", "t", "new")
