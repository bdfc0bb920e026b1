"""Texts that stand for an empty cell: where they spoil numbers, and where they are words."""

import math

import pytest

from tfmmrec.data import load
from tfmmrec.inspection import guess_schema
from tfmmrec.inspection.missing import without_marks
from tfmmrec.inspection.sample import Sample
from tfmmrec.schema import Schema


def sample(**columns):
    return Sample("items", "items.csv", columns, True)


@pytest.mark.parametrize("mark", ["NA", "N/A", "NaN", "NULL", "None", "null", "\\N", "?"])
def test_marks_between_numbers_or_times_are_empty(mark):
    found = without_marks(sample(price=["1.5", mark, "2"], seen=["2024-05-01", "2024-05-02", mark]))
    assert found.columns == {"price": ["1.5", None, "2"], "seen": ["2024-05-01", "2024-05-02", None]}
    assert found.missing == (mark,)
    assert found.why_missing == f"{mark!r} taken as empty, as in 'price', 'seen'"


def test_words_alone_stay_words():
    region = sample(region=["NA", "EU"], code=["NA", "NA"], tags=[["NA"], ["EU"]])
    assert without_marks(region) == region


def test_what_it_empties_beside_numbers_is_told_of():
    found = without_marks(sample(price=["1.5", "NA"], region=["NA", "EU"], title=["NULL", "None of us"]))
    assert found.columns["region"] == [None, "EU"] and found.columns["title"] == ["NULL", "None of us"]
    assert found.why_missing == "'NA' taken as empty, as in 'price'; so it is in 'region', too"


def test_the_proposal_names_them_and_they_are_read_as_empty(tmp_path):
    (tmp_path / "events.csv").write_text(
        "user_id,item_id,timestamp\n"
        + "".join(f"u{n % 5},i{n % 20},{1_600_000_000 + n}\n" for n in range(60))
    )
    prices = [f"{n}.5" if n % 4 else "NA" for n in range(20)]
    (tmp_path / "items.csv").write_text(
        "item_id,price\n" + "".join(f"i{n},{price}\n" for n, price in enumerate(prices))
    )
    guess = guess_schema(tmp_path)
    assert '[tables]\nitems = {missing = ["NA"]}\n' in guess.toml
    assert "# items.csv: 20 rows, 2 columns; 'NA' taken as empty, as in 'price'" in guess.toml
    assert "# price: numbers from 1.5 to 19.5, 25% empty" in guess.toml
    (tmp_path / "guess.toml").write_text(guess.toml)
    schema = Schema.from_toml(tmp_path / "guess.toml")
    assert [(type(one).__name__, one.column) for one in schema.item] == [("Number", "price")]
    data = load(tmp_path, schema)
    (values,) = data.items["price"].values()
    empty = [item for item, row in zip(data.item_ids, values, strict=True) if math.isnan(row.flat[0])]
    assert sorted(empty) == sorted(f"i{n}" for n in range(20) if n % 4 == 0) and data.problems == {}
