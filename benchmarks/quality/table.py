"""What a table of quality is: a data set, a protocol, and rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality.beginning import Beginning
from tfmmrec.data.dataset import Data
from tfmmrec.evaluation import Predictor, Scorer
from tfmmrec.schema import Schema


@dataclass(frozen=True)
class Row:
    """One row of a table: a model trained with a schema, or a baseline that needs no training.

    Attributes:
        name: of the row.
        twin: the table's schema → the row's; None for a baseline.
        baseline: data and settings → something that scores or predicts.
        grid: settings of the baseline, or of `fit` beside the table's → values to choose from on validation;
            for a baseline see `tfmmrec.baselines.choose`.
        model: settings of `build_recommender` that differ from the table's.
        training: settings of `fit` that differ from the table's; of a baseline only the ``monitor``.
        load: settings of `load` that differ from the table's: another split.
        split_sha256: of that split.
        refit: the name of another row: this one is trained on validation, too, with that row's settings and
            for as many epochs as were best there. There is nothing to choose then.
        beginning: what its training begins with; None: with chance.
    """

    name: str
    twin: Callable[[Schema], Schema] | None = None
    baseline: Callable[..., Scorer | Predictor] | None = None
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    load: Mapping[str, Any] = field(default_factory=dict)
    split_sha256: str = ""
    refit: str = ""
    beginning: Beginning | None = None

    def __post_init__(self) -> None:
        if (self.twin is None) == (self.baseline is None):
            raise ValueError(f"Row {self.name!r} must have either a twin, to be trained, or a baseline.")


@dataclass(frozen=True)
class Reading:
    """A way of reading what is held out.

    Attributes:
        name: in words; none for the table's own way.
        split: which one is read.
        evaluation: settings of `evaluate` that differ from the table's.
        change: the data → the data as they are read: without a modality, say.
        candidates: the data and the data folder of the benchmarks → what competes; all by default.
        feature: of the items, by name: rows without it are not read so.
    """

    name: str = ""
    split: str = "test"
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    change: Callable[[Data], Data] = lambda data: data
    candidates: Callable[[Data, Path], np.ndarray] | None = None
    feature: str = ""


@dataclass(frozen=True)
class Table:
    """A table: a data set, a protocol and rows.

    Attributes:
        name: of the table and of its file of results.
        dataset: in words.
        about: what its columns and rows mean, where their names do not say it: for the README.
        prepare: data folder of the benchmarks and a folder to write to → a user's data folder.
        columns: metric → heading.
        rows: the first that there are results of is what the others are compared with.
        schema: the schema of that folder → the table's.
        split_sha256: of the split every row has to be measured on; see `tfmmrec.data.dataset.Data`.
        load: settings of `load`.
        model: settings of `build_recommender`.
        training: settings of `fit`. A baseline is chosen by the measure that ends training, where that is of
            a ranking, else by ndcg@10.
        grid: settings of `fit` → values that every trained row may choose from on validation, so that all
            have as much tuning. Choices are made with seed 0, and other seeds take them over.
        same_size: whether a trained row's width is chosen for as many parameters as the first row has.
        evaluation: settings of `evaluate`.
        readings: of the test split: each gives a record.
        means: rows whose names begin so have a mean in the README: each is of another split of the same data.
        by_reading: whether the README shows the first of the columns alone, with a line for each reading and
            a column for each row: where there are many readings.
    """

    name: str
    dataset: str
    prepare: Callable[[str, Path], Path]
    columns: Mapping[str, str]
    rows: tuple[Row, ...]
    about: str = ""
    schema: Callable[[Schema], Schema] = lambda schema: schema
    split_sha256: str = ""
    load: Mapping[str, Any] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    grid: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    same_size: bool = False
    evaluation: Mapping[str, Any] = field(default_factory=dict)
    readings: tuple[Reading, ...] = (Reading(),)
    means: tuple[str, ...] = ()
    by_reading: bool = False

    def row(self, name: str) -> Row:
        """The row of this name.

        Raises:
            ValueError: there is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        raise ValueError(f"Table {self.name!r} has the rows {[row.name for row in self.rows]}, not {name!r}.")
