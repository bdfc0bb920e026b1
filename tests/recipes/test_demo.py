"""The demo at a fraction of its size: everything is left where it should be, twice."""

import json

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from tfmmrec.cli import app


@pytest.mark.slow
def test_the_demo_runs_and_may_be_repeated(tmp_path):
    folder, run, export = (
        tmp_path / "demo",
        tmp_path / "runs" / "demo",
        tmp_path / "savedmodels" / "demo" / "1",
    )
    size = ("--items", "40", "--users", "40", "--epochs", "1")
    where = ("--folder", str(folder), "--run", str(run), "--export", str(export))
    for _ in range(2):
        result = CliRunner().invoke(app, ["demo", *size, *where])
        assert result.exit_code == 0, result.output
    assert (folder / "events.csv").is_file() and (run / "model.keras").is_file()
    assert [path.name for path in export.parent.iterdir()] == ["1"] and (export / "saved_model.pb").is_file()

    said = " ".join(result.stdout.split())
    for split in ("validation", "test", "cold"):
        assert f"{split}: held-out items ranked" in said
    assert "most popular" in said and "In a random order of the 4 items" in said
    assert said.count("whom the export knows") == 2 and "somebody never seen" in said
    metrics = json.loads((run / "metrics.json").read_text())
    assert {"low", "high", "mean"} == set(metrics["test"]["ndcg@10"])
    for name in ("curves.png", "recommendations.png"):
        with Image.open(run / "plots" / name) as picture:
            assert picture.format == "PNG" and len(np.unique(np.asarray(picture.convert("L")))) > 50


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("the only copy")
    result = CliRunner().invoke(app, ["demo", "--folder", str(tmp_path), "--run", str(tmp_path / "run")])
    assert result.exit_code == 2 and "is not a demo catalogue" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
