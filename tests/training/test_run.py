"""The folder of a run."""

import json

import pytest

from tfmmrec.training import Run, versions


def test_values_are_written_whole_and_read_back(tmp_path):
    run = Run(tmp_path / "runs" / "first")
    run.write("metrics", {"test": {"ndcg@10": 0.5}, "name": "Amélie"})
    run.write("metrics", {"test": {"ndcg@10": 0.6}, "name": "Amélie"})
    assert run.read("metrics") == {"test": {"ndcg@10": 0.6}, "name": "Amélie"}
    assert "Amélie" in (run.folder / "metrics.json").read_text("utf-8")
    assert [path.name for path in run.folder.iterdir()] == ["metrics.json"]


def test_half_a_value_never_takes_the_place_of_a_whole_one(tmp_path):
    run = Run(tmp_path)
    run.write("metrics", 1)
    with pytest.raises((TypeError, ValueError)):
        run.write("metrics", {"what": object()})
    assert run.read("metrics") == 1


def test_what_is_known_before_training(tmp_path, small_data):
    run = Run(tmp_path)
    run.begin(small_data.schema, small_data, {"epochs": 3})
    assert run.schema == small_data.schema
    assert run.read("config") == {
        "epochs": 3,
        "split_sha256": small_data.split_sha256,
        "problems": small_data.problems,
    }
    assert run.read("versions") == json.loads(json.dumps(versions()))
    assert {"python", "backend", "keras", "numpy", "machine", "cores"} <= run.read("versions").keys()
    assert run.prepared == tmp_path / "prepared" and run.plots.is_dir()


def test_an_untrained_run_is_explained(tmp_path):
    with pytest.raises(
        ValueError, match="There is no trained model in .*nothing.: train one with `tfmmrec train`.$"
    ):
        Run.open(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.keras").touch()
    with pytest.raises(ValueError, match="Trained runs beside it: a, b."):
        Run.open(tmp_path / "nothing")
    assert Run.open(tmp_path / "a").folder == tmp_path / "a"
