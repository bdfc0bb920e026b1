"""The families that a model is chosen from: where a member stands, and what its file must keep."""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass
from pathlib import Path

from tfmmrec.members import members, suggestion


@dataclass(frozen=True)
class Family:
    """A package of exchangeable members: ``__all__`` lists them, their docstrings say what they are.

    Attributes:
        package: its name below ``tfmmrec``; a module, where `file` is empty.
        new: what somebody wants who adds one: "I want a new …".
        contract: what a member must keep.
        base: the class whose exported subclasses are the members; None: all that is exported.
        file: the file to touch; one of its own by default.
        beside: what a package without a base exports and that is no member.
    """

    package: str
    new: str
    contract: str
    base: str | None = None
    file: str = "<name>.py"
    beside: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The folder of the package, or the file of the module."""
        return f"tfmmrec/{self.package.replace('.', '/')}" + ("/" if self.file else ".py")

    @property
    def path(self) -> str:
        """The file to touch for a new member."""
        return self.place + self.file

    def members(self) -> list[Member]:
        """All members, by name."""
        package = importlib.import_module(f"tfmmrec.{self.package}")
        if self.base:
            there = members(package, getattr(package, self.base))
        else:
            exported = {name: getattr(package, name) for name in package.__all__}
            there = {name: one for name, one in exported.items() if name not in self.beside}
        root = Path(__file__).parent.parent
        return [
            Member(
                self.package,
                name,
                summary(inspect.getdoc(one) or ""),
                source(inspect.getdoc(one) or ""),
                Path(inspect.getfile(one)).relative_to(root).as_posix(),
            )
            for name, one in sorted(there.items(), key=lambda pair: pair[0].lower())
        ]


@dataclass(frozen=True)
class Member:
    """One that can be chosen: its family, its name, what it is in a sentence, its source, its file."""

    family: str
    name: str
    summary: str
    source: str
    file: str


FAMILIES = [
    Family("modalities", "kind of feature", "`ModalityContract`", "Modality"),
    Family(
        "tokenisers", "way to cut texts into pieces", "`TokeniserContract`: as plain Python cuts", "Tokeniser"
    ),
    Family("encoders.sequences", "encoder of words or frames", "`SequenceContract`", "SequenceEncoder"),
    Family("encoders.pictures", "encoder of pictures", "`PictureContract`", "PictureEncoder"),
    Family("encoders.histories", "encoder of a user's events", "`HistoryContract`", "HistoryEncoder"),
    Family("encoders.numbers", "encoder of numbers", "the `ModalityContract` of a `Number`", "NumberEncoder"),
    Family("fusion", "fusion", "`FusionContract`", "Fusion"),
    Family("alignment", "alignment", "`AlignmentContract`", "Alignment"),
    Family("pretraining", "objective of pretraining", "`ObjectiveContract`", "Objective"),
    Family("acquisition", "way to choose what to label next", "`AcquisitionContract`", "Acquisition"),
    Family("tasks", "task", "`TaskContract`", "Task"),
    Family("sharing", "sharing scheme between heads", "`SharingContract`", "Sharing"),
    Family("graphs", "graph over users and items", "`GraphContract`", "Graph"),
    Family("balancing", "balancing between tasks", "`BalancingContract`", "Balancing"),
    Family("losses", "loss", "a hand-computed value; its name in the `loss` of its task", file="<family>.py"),
    Family(
        "data.negatives",
        "kind of negatives",
        "`NegativesContract`: its chances are those it draws with",
        "Negatives",
        file="",
    ),
    Family("metrics", "metric", "a hand-computed value, scikit-learn where it has it", file="<family>.py"),
    Family("retrieval", "index", "`IndexContract`: what the exact one finds, core ops only", "Index"),
    Family(
        "baselines",
        "baseline",
        "a `Scorer` or a `Predictor`; values by hand; its grid in `benchmarks/quality/baselines.py`",
        beside=("Choice", "choose"),
    ),
]
"""One line for each; `tfmmrec list`, the README and CONTRIBUTING are made of it."""


def families(names: list[str] | None = None) -> list[Family]:
    """The families of these names; all by default.

    Raises:
        ValueError: there is no such family.
    """
    known = {family.package: family for family in FAMILIES}
    for name in names or ():
        if name not in known:
            raise ValueError(f"There is no family {name!r}.{suggestion(name, known)}")
    return [known[name] for name in names or known]


_CITED = re.compile(r"\(([^()]*[^\W\d_][^()]*\b(?:19|20)\d\d[a-z]?)\b[^()]*\)")  # (GMU, Arevalo 2017)
_NAMES = r"(?:[A-Z][\w’-]+)(?:(?:, | and )[A-Z][\w’-]+)*"
_AUTHORS = re.compile(rf"({_NAMES}) \(((?:19|20)\d\d[a-z]?)\)")  # Kim (2017)
_FORMULA = re.compile(r"``[^`]+``")


def summary(said: str) -> str:
    """The first sentence of a docstring, on one line; a question with its answer."""
    first = " ".join(said.split("\n\n", 1)[0].split())
    return re.split(r"(?<=[.])\s+(?=[A-Z`])", first, maxsplit=1)[0].removesuffix(".")


def source(said: str) -> str:
    """The papers that a docstring names, else the formula it begins with, else nothing."""
    text = " ".join(said.split("\nArgs:", 1)[0].split())
    found = [(match.start(), " ".join(match.groups())) for match in _AUTHORS.finditer(text)]
    found += [(match.start(), match[1]) for match in _CITED.finditer(text)]
    papers = dict.fromkeys(paper for _, paper in sorted(found))
    if papers:
        return "; ".join(papers)
    formula = _FORMULA.match(text)
    return formula[0] if formula else ""
