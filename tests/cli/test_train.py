"""`tfmmrec train`: the run folder it leaves, and what it says."""

import inspect
import json

import numpy as np
from PIL import Image

from tfmmrec.cli.train import train


def test_the_run_folder_holds_everything_later_commands_read(trained):
    there = {path.name for path in trained.folder.iterdir()}
    assert there == {
        *("schema.json", "config.json", "versions.json", "prepared", "curves.json", "metrics.json"),
        *("model.keras", "plots"),
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
    twin = ("--only-item", "item_id", "--only-user", "", "--only-task", "next_item")
    refused = tfmmrec("train", films, "--run", unshared, *small, *twin)
    assert refused.exit_code == 2 and "--replace" in refused.stderr
    done = tfmmrec("train", films, "--run", unshared, *small, *twin, "--replace")
    assert done.exit_code == 0, done.output
    schema = json.loads((unshared / "schema.json").read_text())
    assert schema["item"] == [] and [task["task"] for task in schema["task"]] == ["NextItem"]
    config = json.loads((unshared / "config.json").read_text())
    assert config["only"] == {"item": ["item_id"], "user": [], "tasks": ["next_item"]}
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


def test_defaults_are_those_of_the_settings():
    from tfmmrec.recipes.training_run import Settings

    settings = Settings()
    asked = inspect.signature(train).parameters
    for name in set(asked) & set(vars(settings)) - {"k"}:
        assert asked[name].default == getattr(settings, name), name
    assert asked["k"].default == ",".join(map(str, settings.k))


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
