"""When the guard of speed fails, and what it keeps; nothing is timed here."""

import json

import pytest

from benchmarks.speed import quick

ACCEPTED = [{"name": "step", "ratio": 2.0}, {"name": "batches", "ratio": 0.4}]


@pytest.fixture
def guard(monkeypatch, tmp_path):
    """Runs the command, with what each measurement would find; accepted ratios are kept aside."""
    monkeypatch.setattr(quick, "ACCEPTED", tmp_path / "quick.json")

    def run(*measurements, options=()):
        left = iter(measurements)
        monkeypatch.setattr(quick, "measured", lambda: next(left))
        monkeypatch.setattr("sys.argv", ["quick", *options])
        quick.main()
        assert next(left, None) is None, "not all measurements were asked for"

    return run


def test_slower_is_beyond_the_margin_and_not_at_it():
    assert quick.slower({"step": 3.0, "batches": 0.6}, ACCEPTED, margin=1.5) == []
    assert quick.slower({"step": 3.1, "batches": 0.1}, ACCEPTED, margin=1.5) == ["step"]
    assert quick.slower({"step": 2.1, "batches": 0.5}, ACCEPTED, margin=1.0) == ["step", "batches"]


def test_other_measures_than_the_accepted_ones_have_to_be_accepted():
    with pytest.raises(ValueError, match=r"Expected accepted ratios of \['step'\], got those of .*--accept"):
        quick.slower({"step": 1.0}, ACCEPTED)
    with pytest.raises(ValueError, match="--accept"):
        quick.slower({"step": 1.0, "batches": 0.4, "ranking": 1.0}, ACCEPTED)


def test_the_table_marks_what_is_slower_and_no_other_line():
    head, step, batches = quick.compared({"step": 5.0, "batches": 0.4}, ACCEPTED).split("\n")
    assert head.split() == ["accepted", "now", "change"]
    assert step.split()[:4] == ["step", "2.000", "5.000", "2.50×"] and "slower by more than 1.5×" in step
    assert batches.split() == ["batches", "0.400", "0.400", "1.00×"]


def test_what_is_accepted_is_compared_with_later(guard, capsys):
    guard({"step": 1.23456}, options=["--accept"])
    (kept,) = json.loads(quick.ACCEPTED.read_text("utf-8"))
    assert kept.keys() == {"name", "ratio", "command", "hardware", "git_commit"}
    assert (kept["name"], kept["ratio"]) == ("step", 1.235)
    capsys.readouterr()
    guard({"step": 1.3})
    assert "1.05×" in capsys.readouterr().out


def test_what_is_slower_twice_fails(guard, capsys):
    guard({"step": 1.0}, options=["--accept"])
    with pytest.raises(SystemExit, match="1"):
        guard({"step": 2.0}, {"step": 1.8})
    assert "1.80×  slower" in capsys.readouterr().out


def test_what_is_slower_once_passes(guard, capsys):
    guard({"step": 1.0}, options=["--accept"])
    guard({"step": 2.0}, {"step": 1.1})
    assert "slower" not in capsys.readouterr().out


def test_without_accepted_ratios_it_says_how_to_get_them(guard):
    with pytest.raises(SystemExit, match="no accepted ratios yet.*--accept"):
        guard()


def test_the_generated_log_is_always_the_same_and_in_order(tmp_path):
    quick.write_events(tmp_path)
    written = (tmp_path / "events.csv").read_text()
    users = [int(line.split(",")[0]) for line in written.split()[1:]]
    assert users == sorted(users) and set(users) == set(range(quick.USERS))
    assert min(users.count(user) for user in range(50)) > 2, "users with too few events to hold one out"
    quick.write_events(tmp_path)
    assert (tmp_path / "events.csv").read_text() == written
