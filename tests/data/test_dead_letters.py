"""The books of what could not be used."""

import json

import pytest

from data.shop import PLAIN, events_only
from tfmmrec.data import load, preparation
from tfmmrec.data.dead_letters import DeadLetters, check_place


@pytest.fixture
def letters():
    letters = DeadLetters()
    letters.row("events", "events.csv", 9, "item_id", "unknown item", "x")
    letters.row("events", "events.csv", 4, "item_id", "unknown item", "y")
    letters.cell("items", "items.csv", 2, "year", "unusable year", "soon", "expected a number, got 'soon'")
    letters.left_out("users", "without events", 3)
    letters.left_out("users", "by no rule", 0)
    return letters


def test_counted_by_reason_the_most_frequent_first(letters):
    assert list(letters.counts().items()) == [
        ("users: without events", 3),
        ("events: unknown item", 2),
        ("items: unusable year", 1),
    ]
    assert len(letters) == 3


def test_written_as_json_lines(letters, tmp_path):
    path = tmp_path / "dead_letters.jsonl"
    path.write_text("earlier")
    letters.write(path)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(row["file"], row["line"]) for row in rows] == [
        ("events.csv", 4),
        ("events.csv", 9),
        ("items.csv", 2),
    ]
    assert rows[2] == {
        "table": "items",
        "file": "items.csv",
        "line": 2,
        "column": "year",
        "lost": "cell",
        "reason": "unusable year",
        "detail": "expected a number, got 'soon'",
        "value": "soon",
    }
    assert [entry.name for entry in tmp_path.iterdir()] == ["dead_letters.jsonl"]


def test_the_place_is_made_and_tried_before_it_is_needed(letters, tmp_path):
    path = tmp_path / "new" / "deep" / "dead_letters.jsonl"
    check_place(path)
    assert path.parent.is_dir() and not [*path.parent.iterdir()]
    letters.write(path)
    check_place(str(path))
    assert len(path.read_text().splitlines()) == 3
    for wrong in (path / "below a file", path.parent):
        with pytest.raises(ValueError, match="must be a file that can be written, but: .* Name another"):
            check_place(wrong)


def test_a_preparation_tells_in_a_folder_that_was_not_there(tmp_path, monkeypatch):
    folder, told = events_only(tmp_path / "shop", "user_id,item_id\na,1\na,\n"), tmp_path / "new" / "l.jsonl"
    assert load(folder, PLAIN, dead_letters=told).problems == {"events: empty item id": 1}
    assert json.loads(told.read_text())["line"] == 3
    with pytest.raises(ValueError, match="max_dead=0 allows 0"):  # and not that there is no such folder
        load(folder, PLAIN, max_dead=0, dead_letters=tmp_path / "other" / "l.jsonl")
    assert (tmp_path / "other" / "l.jsonl").read_text() == told.read_text()
    monkeypatch.setattr(preparation, "_prepare", lambda *_: pytest.fail("it was prepared in vain"))
    with pytest.raises(ValueError, match="dead_letters=.* must be a file that can be written"):
        load(folder, PLAIN, dead_letters=told / "l.jsonl")


def test_without_letters_there_is_no_file(tmp_path):
    path = tmp_path / "dead_letters.jsonl"
    path.write_text("earlier")
    for _ in range(2):
        DeadLetters().write(path)
        assert not path.exists()


def test_an_interrupted_write_leaves_what_was_there(letters, tmp_path, monkeypatch):
    path = tmp_path / "dead_letters.jsonl"
    path.write_text("earlier")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(json, "dumps", interrupted)
    with pytest.raises(KeyboardInterrupt):
        letters.write(path)
    assert path.read_text() == "earlier"
    assert [entry.name for entry in tmp_path.iterdir()] == ["dead_letters.jsonl"]


@pytest.mark.parametrize(
    ("value", "kept"), [(None, ""), (7, "7"), ("é" * 80, "é" * 80), ("é" * 81, "é" * 79 + "…")]
)
def test_a_value_is_kept_as_an_excerpt(value, kept):
    letters = DeadLetters()
    letters.cell("items", "items.csv", 2, "plot", "unusable plot", value)
    assert next(iter(letters)).value == kept


def test_the_books_balance(letters):
    letters.balance("events", rows=7, used=5)
    letters.balance("items", rows=4, used=4)  # a lost cell loses no row
    letters.balance("users", rows=10, used=7)
    for rows, used in ((8, 5), (7, 6)):
        with pytest.raises(RuntimeError, match=rf"{rows} read, but {used} used \+ 2 dead \+ 0 left out"):
            letters.balance("events", rows, used)


def test_a_row_that_is_lost_twice_does_not_hide_one_that_is_lost_silently(letters):
    letters.row("events", "events.csv", 9, "time", "unusable time", "x")
    with pytest.raises(RuntimeError, match="Line 9 of events.csv was lost twice"):
        letters.balance("events", rows=8, used=5)


def test_the_books_of_a_table(letters):
    books = letters.balance("users", rows=10, used=7)
    assert books == {"rows": 10, "used": 7, "dead": 0, "left out": 3}


def test_strict_letters_are_errors():
    letters = DeadLetters(strict=True)
    with pytest.raises(
        ValueError, match=r"items.csv, line 2, column 'year': unusable year 'soon' \(a hint\)"
    ):
        letters.cell("items", "items.csv", 2, "year", "unusable year", "soon", "a hint")


@pytest.mark.parametrize(
    ("reason", "column", "advice"),
    [
        ("unknown item", "item_id", "Complete the items table"),
        ("not UTF-8", "a", "name its encoding"),
        ("unusable time", "time", "seconds since 1970, .* divide milliseconds by 1000, in requests as well"),
        ("odd", "a", "the right kind"),
    ],
)
def test_every_reason_has_its_advice(reason, column, advice):
    letters = DeadLetters()
    for line in (2, 3):
        letters.row("events", "events.csv", line, column, reason)
    letters.check_share({"events": 4}, 0.5)
    with pytest.raises(
        ValueError, match=f"2 of the 4 rows of 'events' cannot be used.*allows 1.*(?s:.*){advice}"
    ):
        letters.check_share({"events": 4}, 0.25)
