"""An ablation: which models there are, what is kept of them, and that nothing is run twice."""

import csv
import dataclasses
import json

import pytest

import small
from recipes.trials import SETTINGS, Lines, Pretended, in_this_process
from tfmmrec.recipes import ablation, trial_process
from tfmmrec.recipes.ablation import ablate, variants
from tfmmrec.recipes.settings import Settings
from tfmmrec.recipes.variations import varied

SCHEMA = small.schema()
BASE = Settings(epochs=4)
VALUES = {"sum": 0.2, "gated": 0.4, "max": "There is [no] sound."}


def choices(*vary, base=BASE):
    return varied(vary, SCHEMA, base)


@pytest.fixture
def pretended(monkeypatch):
    """Trainings that take no time: gated fusion is best, a wide model a little better."""

    def value(settings):
        found = VALUES[settings.fusion]
        return found if isinstance(found, str) else found + settings.width / 10000 + settings.seed / 100

    trained = Pretended(value)
    monkeypatch.setattr(ablation, "run_trial", trained)
    monkeypatch.setattr(ablation, "prepare", lambda trial, report: None)
    return trained


def rows(folder):
    with (folder / "runs.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_several_settings_make_every_combination():
    found = variants(BASE, choices("fusion=sum,transformer", "alignment=none,kl"))
    assert [one.name for one in found] == [
        "fusion=sum, alignment=none",
        "fusion=sum, alignment=kl",
        "fusion=transformer, alignment=none",
        "fusion=transformer, alignment=kl",
    ]
    assert found[1].settings == dataclasses.replace(BASE, fusion="sum", alignment="kl")
    assert found[1].values == {"fusion": "sum", "alignment": "kl"}


def test_one_at_a_time_begins_with_the_base_and_has_none_twice():
    vary = choices("fusion=sum,transformer", "alignment=none,kl", "modalities=full,-year")
    found = variants(BASE, vary, one_at_a_time=True)
    assert [one.name for one in found] == ["base", "fusion=sum", "alignment=kl", "modalities=-year"]
    assert found[0].settings == BASE
    assert found[3].values == {"fusion": "transformer", "alignment": "none", "modalities": "-year"}
    assert found[3].settings.only == {"item": ["item_id", "genres"]}


def test_all_train_for_as_long_and_are_ranked_beside_what_they_cost(tmp_path, pretended):
    lines = Lines()
    found = ablate(
        tmp_path / "data",
        SCHEMA,
        tmp_path / "out",
        Settings(epochs=4, patience=1, fusion="Sum", width=32),
        choices("fusion=sum,gated,max", "width=32,64"),
        metric="ndcg@10",
        report=lines,
    )
    assert {(one.epochs, one.patience) for one in pretended.asked} == {(4, 4)}
    assert [one.name for one in found.ranked] == [
        "fusion=gated, width=64",
        "fusion=gated, width=32",
        "fusion=sum, width=64",
        "fusion=sum, width=32",
        "fusion=max, width=32",
        "fusion=max, width=64",
    ]
    assert found.reference == "fusion=sum, width=32"  # the base, however it was written
    best = found.ranked[0]
    assert best.gap["mean"] == pytest.approx(0.2032, abs=1e-3) and best.gap["low"] > 0
    assert best.estimate["mean"] == pytest.approx(0.4064)
    assert (best.seconds, best.parameters, best.peak_memory_mb) == (8.0, 6400, 500.0)
    assert found.ranked[3].gap is None and found.ranked[4].reason == "There is [no] sound."
    table = rows(tmp_path / "out")
    assert len(table) == 6 and [row["state"] for row in table].count("failed") == 2
    gated = next(row for row in table if row["model"] == "fusion=gated, width=64")
    assert (gated["fusion"], gated["width"], gated["seed"], gated["split"]) == (
        "gated",
        "64",
        "0",
        "validation",
    )
    assert float(gated["ndcg@10"]) == pytest.approx(0.4064) and gated["seconds"] == "8.0"
    told = json.loads((tmp_path / "out" / "ranking.json").read_text())
    assert told["ranked"][0]["name"] == best.name and told["reference"] == found.reference
    assert "There is [no] sound." in (tmp_path / "out" / "ranking.md").read_text()
    assert (tmp_path / "out" / "costs.png").read_bytes().startswith(b"\x89PNG")
    assert lines.said[0] == "6 runs, of which 0 ended before."
    assert [stage[:3] for stage in lines.stages] == [("runs", done, 6) for done in range(7)]


def test_only_the_best_get_all_seeds(tmp_path, pretended):
    vary = choices("fusion=sum,gated", "width=32,64")
    arguments = (tmp_path / "data", SCHEMA, tmp_path / "out", Settings(epochs=2, seed=5), vary)
    found = ablate(*arguments, seeds=3, top=2)
    assert [(one.name, one.seeds) for one in found.ranked] == [
        ("fusion=gated, width=64", (5, 6, 7)),
        ("fusion=gated, width=32", (5, 6, 7)),
        ("fusion=sum, width=64", (5,)),
        ("fusion=sum, width=32", (5,)),
    ]
    assert found.ranked[0].spread == pytest.approx(0.01)
    assert found.ranked[0].estimate["mean"] == pytest.approx(0.4064 + 0.06)
    assert found.reference == "fusion=gated, width=64"  # the base is not among them
    # the third has one seed, and stands beside the mean of the reference's three
    assert found.ranked[2].gap["mean"] == pytest.approx(-0.21, abs=2e-3)


def test_what_all_are_compared_with_gets_as_many_seeds_as_the_best(tmp_path, pretended):
    lines = Lines()
    vary = choices("fusion=sum,gated", "width=32,64")
    base = Settings(epochs=2, fusion="sum", width=32)
    found = ablate(tmp_path / "data", SCHEMA, tmp_path / "out", base, vary, seeds=3, top=1, report=lines)
    assert found.reference == "fusion=sum, width=32"
    assert {one.name: len(one.seeds) for one in found.ranked} == {
        "fusion=gated, width=64": 3,
        "fusion=gated, width=32": 1,
        "fusion=sum, width=32": 3,
        "fusion=sum, width=64": 1,
    }
    best, reference = (one for one in found.ranked if len(one.seeds) == 3)
    gap = best.estimate["mean"] - reference.estimate["mean"]
    assert best.gap["mean"] == pytest.approx(gap) and reference.gap is None
    assert lines.stages[-1][:3] == ("runs", 8, 8)


def test_what_ended_is_not_run_again_and_what_failed_only_when_told_to(tmp_path, pretended):
    arguments = (tmp_path / "data", SCHEMA, tmp_path / "out", Settings(epochs=2))
    ablate(*arguments, choices("fusion=sum,max"))
    first = len(pretended.asked)
    lines = Lines()
    found = ablate(*arguments, choices("fusion=sum,max,gated"), report=lines)
    assert [one.fusion for one in pretended.asked[first:]] == ["gated"]
    assert lines.said[0] == "3 runs, of which 2 ended before."
    assert lines.stages[0][:3] == ("runs", 2, 3)
    assert len(found.ranked) == 3
    ablate(*arguments, choices("fusion=sum,max,gated"), retry=True)
    assert [one.fusion for one in pretended.asked[first + 1 :]] == ["max"]


def test_an_error_ranks_the_least_first(tmp_path, monkeypatch):
    monkeypatch.setattr(
        ablation, "run_trial", Pretended(lambda settings: settings.width / 100, "rating.rmse")
    )
    monkeypatch.setattr(ablation, "prepare", lambda trial, report: None)
    base = Settings(epochs=2, monitor="rating.rmse")
    found = ablate(tmp_path / "data", SCHEMA, tmp_path / "out", base, choices("width=64,8,32"))
    assert [one.values["width"] for one in found.ranked] == ["8", "32", "64"]


def test_what_cannot_be_ranked(tmp_path, pretended):
    arguments = (tmp_path / "data", SCHEMA, tmp_path / "out", Settings(epochs=2))
    with pytest.raises(ValueError, match="There is no metric 'recall@7' to rank by; there are ndcg@10."):
        ablate(*arguments, choices("fusion=sum,gated"), metric="recall@7")
    assert len(pretended.asked) == 1 and pretended.asked[0].k == (7, 10, 20)
    with pytest.raises(ValueError, match=r"None of the 1 trainings ended with numbers; the first: There is"):
        ablate(*arguments, choices("fusion=max"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(ValueError, match="holds 'thesis.tex' and no trials"):
        ablate(tmp_path / "data", SCHEMA, tmp_path / "mine", BASE, choices("fusion=sum"))


def test_two_models_and_one_that_fails_really_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(trial_process, "_process", in_this_process)
    data = small.write(tmp_path / "data")
    base = dataclasses.replace(SETTINGS, fusion="sum", patience=1)
    vary = choices("modalities=full,item_id", "sharing=shared_bottom,esmm", base=base)
    found = ablate(data, SCHEMA, tmp_path / "out", base, vary, one_at_a_time=True)
    assert {one.name for one in found.ranked} == {"base", "modalities=item_id", "sharing=esmm"}
    assert found.ranked[2].name == "sharing=esmm" and "ESMM is for tasks" in found.ranked[2].reason
    (beside,) = (one for one in found.ranked[:2] if one.name != "base")
    values = {row["model"]: row for row in rows(tmp_path / "out")}
    gap = float(values["modalities=item_id"]["ndcg@5"]) - float(values["base"]["ndcg@5"])
    assert beside.gap["mean"] == pytest.approx(gap, abs=1e-6)
    assert int(values["base"]["parameters"]) > int(values["modalities=item_id"]["parameters"])
    assert {row["epochs"] for row in values.values() if row["state"] == "done"} == {"2"}
    assert len(list((tmp_path / "out" / "prepared").iterdir())) == 1
