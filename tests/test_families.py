"""The families: all packages of members are listed, and each member says what it is."""

import importlib
import inspect
from pathlib import Path

import pytest

import tfmmrec
from tfmmrec.families import FAMILIES, families, source, summary
from tfmmrec.members import members


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.package)
def test_each_member_says_what_it_is_and_where_it_stands(family):
    there = family.members()
    package = importlib.import_module(f"tfmmrec.{family.package}")
    assert there and {member.name for member in there} <= set(package.__all__)
    for member in there:
        assert (Path(tfmmrec.__file__).parents[1] / member.file).is_file()
        assert member.file.startswith(family.place)
        assert 10 < len(member.summary) < 200 and "\n" not in member.summary, member
        if family.package in ("fusion", "alignment", "sharing", "graphs", "balancing"):
            assert member.source, f"the docstring of {member.name} names no paper and no formula"


def test_a_package_of_members_is_listed():
    """One that exports an abstract class of its own name, and what is made of it."""
    found = set()
    for folder in Path(tfmmrec.__file__).parent.iterdir():
        if (folder / "__init__.py").is_file():
            package = importlib.import_module(f"tfmmrec.{folder.name}")
            base = getattr(package, folder.name.title(), None)
            if inspect.isclass(base) and members(package, base):
                found.add(folder.name)
    assert {"fusion", "alignment", "sharing"} <= found
    assert found <= {family.package for family in FAMILIES}, "one line in tfmmrec/families.py is missing"


def test_families_by_name():
    assert [family.package for family in families(["alignment", "fusion"])] == ["alignment", "fusion"]
    assert families() == families([]) == FAMILIES
    with pytest.raises(ValueError, match="There is no family 'fusions'. Did you mean 'fusion'"):
        families(["fusions"])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("One. Two.", "One"),
        ("Which item? Softmax over\nall of them.\n\nMore.", "Which item? Softmax over all of them"),
        ("``a . b`` of Ge et al. and more", "``a . b`` of Ge et al. and more"),
    ],
)
def test_a_summary_by_hand(said, sentence):
    assert summary(said) == sentence


@pytest.mark.parametrize(
    ("said", "papers"),
    [
        ("``x + y`` (GMU, Arevalo 2017).", "GMU, Arevalo 2017"),
        ("Of Kim (2017), and for more of Kipf and\nWelling (2016).", "Kim 2017; Kipf and Welling 2016"),
        ("``x · y`` grows (in 2 steps). ``z``", "``x · y``"),
        ("Grows by ``x · y``.", ""),
        ("The layer (Vaswani 2017; Shazeer 2020) of (Lu 2019).", "Vaswani 2017; Shazeer 2020; Lu 2019"),
        ("Says nothing (in parentheses).", ""),
        ("``x``.\n\nArgs:\n    y: as in z (Lu 2019).", "``x``"),
    ],
)
def test_a_source_by_hand(said, papers):
    assert source(said) == papers
