"""An export in processes that have TensorFlow and nothing else: this version, and another one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export import questions, world
from export.only_tensorflow import from_json, to_json


def check(python: str | Path, path: Path, requests: list[questions.Request], folder: Path) -> str:
    """Lets a Python answer requests to an export as this process does; the version of its TensorFlow."""
    assert {name for name, _ in requests} == set(world.loaded(path).signatures)
    link = folder / "1"
    link.symlink_to(path)
    asked = [(name, {key: to_json(array) for key, array in given.items()}) for name, given in requests]
    link.with_suffix(".json").write_text(json.dumps(asked), "utf-8")
    ended = subprocess.run(
        [str(python), str(Path(__file__).with_name("only_tensorflow.py")), str(link)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "KERAS_BACKEND")},
    )
    assert ended.returncode == 0, ended.stderr
    said = json.loads(ended.stdout.splitlines()[-1])
    assert said["served"] == sorted(world.loaded(path).signatures)
    assert said["blocked"] == []
    for (name, given), answers in zip(requests, said["answers"], strict=True):
        expected = world.answer(path, name, given)
        assert sorted(answers) == sorted(expected)
        for key, value in expected.items():
            values, shape = from_json(answers[key])
            questions.check_same(np.array(values, value.dtype).reshape(shape), value, f"{name}: {key}")
    return said["version"]


def test_it_loads_and_answers_every_signature(tmp_path):
    path = world.circle_export()
    assert check(sys.executable, path, questions.of_circle(path), tmp_path) == tf.__version__


@pytest.mark.slow
def test_it_answers_about_every_modality(tmp_path):
    path = world.shop_export()
    check(sys.executable, path, questions.of_shop(path), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("export", [world.shop_export, world.shop_cells_export], ids=["exact", "ivf"])
def test_another_tensorflow_answers_about_every_modality(other_tensorflow, export, tmp_path):
    path = export()
    version = check(other_tensorflow, path, questions.of_shop(path), tmp_path)
    assert version.split(".")[:2] != tf.__version__.split(".")[:2], "another minor version was to be named"
