"""`tfmmrec train`: the run folder it leaves, and what it says."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
import typer
from PIL import Image

from tfmmrec.cli import app
from tfmmrec.recipes.settings import Settings
from tfmmrec.training import Run


def test_the_run_folder_holds_everything_later_commands_read(trained):
    there = {path.name for path in trained.folder.iterdir()}
    assert there == {
        *("schema.json", "config.json", "versions.json", "prepared", "curves.json", "metrics.json"),
        *("model.keras", "last.keras", "plots", ".lock", "dead_letters.jsonl"),
    }
    assert {path.name for path in (trained.folder / "plots").iterdir()} == {
        "curves.png",
        "recommendations.png",
    }
    config = json.loads((trained.folder / "config.json").read_text())
    assert (config["width"], config["epochs"], config["cold_items"], config["k"]) == (8, 1, 0.2, [2, 5])
    assert config["data"].endswith("films")


def test_metrics_come_with_intervals_beside_most_popular(trained):
    metrics = json.loads((trained.folder / "metrics.json").read_text())
    assert set(metrics) == {"validation", "test", "cold", "most popular", "protocol"}
    for split in ("validation", "test"):
        for judged in (metrics[split], metrics["most popular"][split]):
            recall = judged["recall@5"]
            assert 0 <= recall["low"] <= recall["mean"] <= recall["high"] <= 1
        assert metrics["protocol"][split].startswith(f"{split}: held-out items ranked among")
    assert set(metrics["test"]["like.auc"]) == {"mean"}
    assert "like.auc" not in metrics["most popular"]["test"]


def test_it_prints_the_results_what_was_wrong_and_what_is_next(trained):
    said = trained.result.stdout
    assert "test: held-out items ranked among the whole catalogue" in said
    assert "recall@5" in said and "most popular" in said and "like.auc" in said
    assert "events: unknown item" in said and "items: unusable poster" in said
    assert "Kept epoch 1." in said
    assert f"tfmmrec export {trained.folder}" in said


def test_progress_goes_to_standard_error(trained):
    assert "epoch 1 of 1: loss" in trained.result.stderr
    assert "validation ndcg@10" not in trained.result.stdout
    assert "10 users, 12 items" in trained.result.stderr


def test_pictures_are_pictures(trained):
    for name in ("curves.png", "recommendations.png"):
        with Image.open(trained.folder / "plots" / name) as picture:
            assert picture.format == "PNG"
            assert len(np.unique(np.asarray(picture.convert("L")))) > 20


def test_a_twin_knows_a_part_of_the_schema_and_replaces_a_run_when_told_to(films, unshared, tfmmrec):
    small = ("--width", "8", "--epochs", "1", "--cold-items", "0.2", "--k", "2,5")
    twin = ("--only-item", "item_id", "--only-user", "", "--only-task", "next_item", "--graph", "knn")
    refused = tfmmrec("train", films, "--run", unshared, *small, *twin)
    assert refused.exit_code == 2 and "--replace" in refused.stderr
    done = tfmmrec("train", films, "--run", unshared, *small, *twin, "--replace")
    assert done.exit_code == 0, done.output
    schema = json.loads((unshared / "schema.json").read_text())
    assert schema["item"] == [] and [task["task"] for task in schema["task"]] == ["NextItem"]
    config = json.loads((unshared / "config.json").read_text())
    assert config["only"] == {"item": ["item_id"], "user": [], "tasks": ["next_item"]}
    assert config["graph"] == "knn"
    assert np.asarray(Run(unshared).load_model().graph.like.weight).any()
    assert tfmmrec("evaluate", unshared, "--k", "2").exit_code == 0


def test_without_a_name_the_run_is_named_like_the_data(films, tfmmrec, monkeypatch, tmp_path):
    seen = {}

    def stop(folder, schema, run_folder, *_):
        seen["run"] = run_folder.as_posix()
        raise ValueError("far enough")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tfmmrec.recipes.training_run.training_run", stop)
    assert tfmmrec("train", films).exit_code == 2 and seen["run"] == "runs/films"
    assert tfmmrec("train", films, "--name", "other").exit_code == 2 and seen["run"] == "runs/other"


def options_of_train():
    return {option.name: option for option in typer.main.get_command(app).commands["train"].params}


@pytest.mark.parametrize("setting", fields(Settings), ids=lambda setting: setting.name)
def test_every_setting_has_a_flag_with_its_default_and_its_help(setting):
    asked, default = options_of_train(), getattr(Settings(), setting.name)
    if setting.name == "only":
        assert {"only_item", "only_user", "only_event", "only_tasks"} <= asked.keys() and default == {}
        return
    option = asked[setting.name]
    assert (setting.metadata["option"] or "--" + setting.name.replace("_", "-")) in option.opts
    assert option.default == (",".join(map(str, default)) if setting.name == "k" else default)
    assert option.help == setting.metadata["help"]


@pytest.fixture
def settings_of(films, tfmmrec, monkeypatch, tmp_path):
    """What `tfmmrec train` would train with."""

    def settings_of(*arguments):
        seen = {}

        def stop(folder, schema, run_folder, settings, *_):
            seen["settings"] = settings
            raise ValueError("far enough")

        monkeypatch.setattr("tfmmrec.recipes.training_run.training_run", stop)
        result = tfmmrec("train", films, "--run", tmp_path / "run", *arguments)
        assert "far enough" in result.stderr, result.output
        return seen["settings"]

    return settings_of


def test_without_flags_the_settings_are_the_defaults(settings_of):
    assert settings_of() == Settings()


def test_flags_win_over_the_file_and_the_file_over_the_defaults(settings_of, tmp_path):
    file = tmp_path / "train.toml"
    file.write_text(
        'epochs = 3\nwidth = 32\njit = true\nalignment = "contrastive"\nk = [5]\n'
        '[only]\nitem = ["poster"]\nuser = []\n'
    )
    found = settings_of("--config", file)
    assert (found.epochs, found.width, found.jit, found.k) == (3, 32, True, (5,))
    flags = ("--epochs", "20", "--no-jit", "--alignment", "none", "--k", "7", "--only-item", "genre")
    found = settings_of(*flags, "--config", file, "--encode-items", "0")
    assert found == Settings(  # 20 epochs are the default, and were asked for all the same
        width=32, k=(7,), encode_items=None, only={"item": ["genre"], "user": []}
    )


def test_numbers_by_name(settings_of, tmp_path):
    flags = ("--rates", "poster:0.1, genre:2", "--freeze", "poster:3,fusion:1", "--modality-dropout", "0.2")
    found = settings_of(*flags, "--layer-decay", "poster:0.8", "--auxiliary", "0.1", "--modulation", "0.5")
    assert (found.rates, found.freeze) == ({"poster": 0.1, "genre": 2.0}, {"poster": 3, "fusion": 1})
    assert (found.modality_dropout, found.layer_decay) == (0.2, {"poster": 0.8})
    assert (found.auxiliary, found.modulation) == (0.1, 0.5)
    (tmp_path / "train.toml").write_text("freeze = {poster = 3}\n")
    assert settings_of("--config", tmp_path / "train.toml", "--freeze", "none") == Settings()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--rates", "0.5"), "--rates takes numbers by name, such as poster:0.1,plot:0.5; got '0.5'."),
        (("--freeze", "poster:x"), "--freeze takes whole numbers by name, such as poster:3,fusion:1; got"),
        (("--layer-decay", "slow"), "--layer-decay takes numbers by name, such as"),
        (("--freeze", "poster:-3"), "freeze must be whole numbers of 0 or more by name"),
    ],
)
def test_numbers_by_no_name(films, tfmmrec, flags, said):
    result = tfmmrec("train", films, *flags)
    assert result.exit_code == 2 and said in " ".join(result.stderr.split())


@pytest.mark.slow
def test_modalities_are_balanced_frozen_and_hidden_in_a_run(films, tfmmrec, tmp_path):
    run = tmp_path / "run"
    small = ("--width", "8", "--epochs", "2", "--batch-events", "64", "--k", "2")
    asked = ("--modulation", "0.5", "--freeze", "poster:1", "--rates", "genre:0.5", "--layer-decay", "0.8")
    done = tfmmrec("train", films, "--run", run, *small, *asked, "--modality-dropout", "0.2")
    assert done.exit_code == 0, done.output
    record = json.loads((run / "curves.json").read_text())[0]
    assert {"poster_alone_loss", "genre_alone_loss", "item_id_alone_loss"} <= record.keys()
    refused = tfmmrec("train", films, "--run", tmp_path / "other", *small, "--freeze", "postr:1")
    assert refused.exit_code == 2 and "the model has no part 'postr' that learns" in refused.stderr


def test_a_run_is_done_again_from_its_record(settings_of, trained):
    found = settings_of("--config", trained.folder / "config.json")
    assert (found.width, found.epochs, found.cold_items, found.k) == (8, 1, 0.2, (2, 5))
    assert settings_of("--config", trained.folder, "--width", "16") == replace(found, width=16)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epoch = 3", "unknown setting 'epoch'. Did you mean 'epochs'?"),
        ('epochs = "ten"', "epochs must be a whole number of 1 or more, got 'ten'"),
        ("only = 3", "only must be lists of names"),
    ],
)
def test_a_mistake_in_the_file(films, tfmmrec, tmp_path, text, said):
    (tmp_path / "train.toml").write_text(text)
    result = tfmmrec("train", films, "--config", tmp_path / "train.toml", "--only-item", "poster")
    assert result.exit_code == 2 and result.stdout == ""
    assert said in result.stderr


def test_a_folder_too_small_to_hold_out_trains_all_the_same(own_films, tfmmrec, tmp_path):
    folder = own_films()
    rows = (folder / "events.csv").read_text().splitlines()
    kept = [row for user in range(10) for row in [r for r in rows if r.startswith(f"u{user},")][:2]]
    (folder / "events.csv").write_text("\n".join([rows[0], *kept]) + "\n")
    run = tmp_path / "run"
    done = tfmmrec("train", folder, "--run", run, "--only-item", "item_id", "--width", "8", "--epochs", "1")
    assert done.exit_code == 0, done.output
    assert "No event validates" in done.stderr
    assert json.loads((run / "metrics.json").read_text()) == {"most popular": {}, "protocol": {}}
