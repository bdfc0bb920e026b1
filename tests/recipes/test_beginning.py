"""Trainings that begin with another run, or with what content teaches."""

import dataclasses

import pytest

import small
from tfmmrec.members import chosen
from tfmmrec.recipes.settings import Settings, read_settings
from tfmmrec.recipes.training_run import training_run

SETTINGS = Settings(width=8, epochs=1, batch_events=128, fusion="concat", k=(2,))


class Heard:
    def __init__(self):
        self.lines, self.stages = [], []

    def __call__(self, stage, done, total, note=""):
        self.stages.append((stage, done, total))

    def line(self, text):
        self.lines.append(text)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    schema = small.schema().only(tasks=["next_item"], event=[])
    return small.write(tmp_path_factory.mktemp("world") / "data"), schema, tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def first(world):
    folder, schema, runs = world
    training_run(folder, schema, runs / "first", SETTINGS)
    return runs / "first"


def test_from_another_run(world, first):
    folder, schema, runs = world
    heard, settings = Heard(), dataclasses.replace(SETTINGS, from_run=str(first))
    trained = training_run(folder, schema, runs / "second", settings, report=heard)
    kept = trained.run.read("transfer")
    assert kept["taken"]["item.genres"] == "7 of 7 tags" and list(kept["left"]) == ["item.item_id"]
    assert "  taken: item.genres, 7 of 7 tags" in heard.lines
    assert read_settings(trained.run.folder)["from_run"] == str(first)


def test_pretrained(world):
    folder, schema, runs = world
    heard = Heard()
    settings = dataclasses.replace(SETTINGS, pretrain={"name": "contrastive", "hide": 0.5}, pretrain_epochs=2)
    trained = training_run(folder, schema, runs / "third", settings, report=heard)
    records = trained.run.read("pretraining")
    assert [record["epoch"] for record in records] == [1, 2]
    assert ("pretraining", 2, 2) in heard.stages
    assert any(line.startswith("pretraining, epoch 2 of 2: loss ") for line in heard.lines)
    assert chosen(trained.run.read("config")["pretrain"])["hide"] == 0.5


@pytest.mark.parametrize(
    ("given", "match"),
    [
        ({"from_run": "runs/nowhere"}, "There is no trained model in 'runs/nowhere'"),
        ({"pretrain": "masked_modal"}, "There is no objective 'masked_modal'. Did you mean 'maskedmodality'"),
    ],
)
def test_what_there_is_not_is_said_before_anything_is_read(tmp_path, given, match):
    with pytest.raises(ValueError, match=match):
        training_run(tmp_path / "no data", small.schema(), tmp_path / "run", Settings(**given))


def test_the_option_is_called_from(monkeypatch):
    from typer.testing import CliRunner

    from tfmmrec.cli import app

    shown = CliRunner().invoke(app, ["train", "--help"]).stdout
    assert "--from " in shown and "--from-run" not in shown and "--pretrain-epochs" in shown
