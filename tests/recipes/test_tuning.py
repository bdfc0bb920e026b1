"""A search: it finds, stops what is bad, goes on where it was killed, and writes what it found."""

import json

import pytest

import small
from recipes.trials import Lines, Pretended
from tfmmrec.recipes import tuning
from tfmmrec.recipes.search_space import Choices, Range, read_space
from tfmmrec.recipes.settings import Settings, read_settings
from tfmmrec.recipes.study import JOURNAL, ended_trials, open_study
from tfmmrec.recipes.tuning import BEST, tune

optuna = pytest.importorskip("optuna", reason="needs the extra tune")

SCHEMA = small.schema()
SPACE = """
learning_rate = {low = 1e-4, high = 1e-1, log = true}
width = {low = 8, high = 64, step = 8}
fusion = ["sum", "gated", "max"]
"""


class Killed(BaseException):
    """Not an Exception: nothing may catch it."""


def value(settings):
    """Best at a learning rate of 0.01, a width of 32 and a gated fusion; max fails."""
    if settings.fusion == "max":
        return "There is no maximum."
    near = 1 / (1 + abs(settings.learning_rate - 0.01) * 100) - abs(settings.width - 32) / 100
    return max(0.0, 0.1 + 0.2 * near + 0.1 * (settings.fusion == "gated"))


@pytest.fixture
def pretended(monkeypatch):
    trained = Pretended(value)
    monkeypatch.setattr(tuning, "run_trial", trained)
    monkeypatch.setattr(tuning, "prepare", lambda trial, report: None)
    return trained


@pytest.fixture
def space(tmp_path):
    (tmp_path / "space.toml").write_text(SPACE)
    return read_space(tmp_path / "space.toml", SCHEMA, Settings())[0]


def search(tmp_path, space, trials, name="out", base=None, **given):
    base = base or Settings(epochs=6)
    return tune(tmp_path / "data", SCHEMA, tmp_path / name, base, space, trials, **given)


def test_it_finds_what_is_good_and_writes_it_for_train(tmp_path, space, pretended):
    lines = Lines()
    found = search(tmp_path, space, 25, report=lines)
    assert len(found.tried) == 25 and found.monitor == "ndcg@10"
    reached = [one.outcome.value for one in found.tried if one.outcome.state == "done"]
    assert found.best.outcome.value == max(reached) > 0.3
    states = {one.outcome.state for one in found.tried}
    assert states == {"done", "stopped", "failed"}
    for one in found.tried:
        assert (one.outcome.state == "failed") == (one.values["fusion"] == "max")
    best = Settings(**read_settings(tmp_path / "out" / BEST))
    assert best.fusion == found.best.values["fusion"] == "gated"
    assert best.learning_rate == found.best.values["learning_rate"]
    assert (best.width, best.epochs, best.monitor) == (found.best.values["width"], 6, "ndcg@10")
    assert all(one.width % 8 == 0 and 1e-4 <= one.learning_rate <= 0.1 for one in pretended.asked)
    assert lines.said[0] == "25 trials, of which 0 ended before."
    assert lines.stages[-1][:3] == ("trials", 25, 25)
    assert any("failed: There is no maximum." in line for line in lines.said)


def test_without_pruning_every_trial_ends(tmp_path, space, pretended):
    found = search(tmp_path, space, 12, prune=False)
    assert {one.outcome.state for one in found.tried} <= {"done", "failed"}


def test_an_error_is_made_small(tmp_path, monkeypatch):
    monkeypatch.setattr(tuning, "run_trial", Pretended(lambda s: s.width / 10, "rating.rmse"))
    monkeypatch.setattr(tuning, "prepare", lambda trial, report: None)
    base = Settings(epochs=2, monitor="rating.rmse")
    found = search(tmp_path, {"width": Range("width", 8, 64, step=8)}, 12, base=base)
    assert found.best.outcome.value == min(one.outcome.value for one in found.tried if one.outcome.value)


@pytest.mark.parametrize("killed_at", [0, 3, 7])
def test_one_that_was_killed_goes_on_as_if_it_had_not_been(
    tmp_path, space, pretended, monkeypatch, killed_at
):
    whole = search(tmp_path, space, 10, "whole", prune=False)
    asked = [one for one in pretended.asked]
    pretended.asked.clear()

    def dies(trial, on_epoch=None, report=None):
        if len(pretended.asked) == killed_at:
            pretended.asked.append(trial.settings)
            raise Killed
        return pretended(trial, on_epoch, report)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(tuning, "run_trial", dies)
        search(tmp_path, space, 10, prune=False)
    journal = tmp_path / "out" / JOURNAL
    with journal.open("ab") as file:  # within a line, with the lock in its hand
        file.write(b'{"op_code":5,"worker')
    (tmp_path / "out" / f"{JOURNAL}.lock").symlink_to(journal)
    lines = Lines()
    found = search(tmp_path, space, 10, prune=False, report=lines)
    assert lines.said[0] == f"10 trials, of which {killed_at} ended before."
    interrupted = pretended.asked.pop(killed_at)
    assert interrupted == pretended.asked[killed_at]  # the same settings lead to the same run
    assert pretended.asked == asked
    assert [one.values for one in found.tried] == [one.values for one in whole.tried]
    assert found.best.number == whole.best.number
    assert (tmp_path / "out" / BEST).read_text() == (tmp_path / "whole" / BEST).read_text()


def test_more_trials_prolong_it_and_no_more_trains_nothing(tmp_path, space, pretended):
    whole = search(tmp_path, space, 9, "whole")
    search(tmp_path, space, 4)
    before = len(pretended.asked)
    search(tmp_path, space, 4)
    assert len(pretended.asked) == before
    found = search(tmp_path, space, 9)
    assert [one.values for one in found.tried] == [one.values for one in whole.tried]


def test_another_search_does_not_go_on_from_it(tmp_path, space, pretended):
    search(tmp_path, space, 3)
    with pytest.raises(ValueError, match=r"begun with other settings: epochs \(6 then, 7 now\). Give those"):
        search(tmp_path, space, 3, base=Settings(epochs=7))
    wider = {**space, "width": Range("width", 8, 128, step=8)}
    with pytest.raises(ValueError, match=r"other settings: width \(.*'high': 64.* now\)"):
        search(tmp_path, wider, 3)
    with pytest.raises(ValueError, match="other settings: fusion"):
        search(tmp_path, {**space, "fusion": Choices("fusion", {"sum": space["fusion"].by_text["sum"]})}, 3)
    with pytest.raises(ValueError, match="other settings: the schema"):
        tune(
            tmp_path / "data",
            SCHEMA.only(user=[], event=[]),
            tmp_path / "out",
            Settings(epochs=6),
            space,
            3,
        )


def test_where_nothing_ends_with_a_value(tmp_path, space, pretended):
    only_max = {"fusion": Choices("fusion", {"max": space["fusion"].by_text["max"]})}
    with pytest.raises(ValueError, match="None of the 2 trials ended with a value; the first: There is"):
        search(tmp_path, only_max, 2)
    assert not (tmp_path / "out" / BEST).exists()


def test_the_journal_is_lines_of_json(tmp_path, space, pretended):
    search(tmp_path, space, 3)
    lines = (tmp_path / "out" / JOURNAL).read_text().splitlines()
    assert len(lines) > 10 and all(isinstance(json.loads(line), dict) for line in lines)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".lock", JOURNAL, BEST, "trials"}


def test_the_median_is_of_as_many_epochs_and_not_before_the_second(tmp_path):
    study = open_study(tmp_path, "ndcg@10", True, {})
    for reached in (0.2, 0.3, 0.4, 0.5):
        trial = study.ask()
        for epoch in (1, 2):
            trial.report(reached * epoch, epoch)
        study.tell(trial, 2 * reached)
    trial = study.ask()
    trial.report(0.1, 1)
    assert not trial.should_prune()
    trial.report(0.69, 2)
    assert trial.should_prune()
    assert len(ended_trials(study)) == 4
