"""A tiny data folder with posters, a run trained on it, and an export of that run: made once."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from tfmmrec.cli import app

SCHEMA = """
user_id = "user_id"
item_id = "item_id"
timestamp = "timestamp"

[history]
length = 6
layers = 1

[[item]]
modality = "Image"
column = "poster"
height = 16
width = 16
tokens = 1

[[item]]
modality = "Category"
column = "genre"

[[task]]
task = "NextItem"

[[task]]
task = "Binary"
column = "like"
"""
SMALL = ("--width", "8", "--epochs", "1", "--batch-events", "64")


def write_films(folder: Path, schema: str = SCHEMA) -> Path:
    """A dozen films, of which one lacks its poster and one's poster is broken; ten users; one bad row."""
    (folder / "posters").mkdir(parents=True)
    films = ["item_id,title,genre,poster"]
    for film in range(12):
        poster = "" if film == 1 else f"posters/{film}.png"
        if poster:
            Image.new("RGB", (20, 30), (20 * film, 10, 200)).save(folder / poster)
        films.append(f'f{film},"Film {film}, the sequel",{"AB"[film % 2]},{poster}')
    (folder / "posters" / "2.png").write_bytes(b"no picture")
    drawn = random.Random(0)
    events = ["user_id,item_id,timestamp,like"]
    for user in range(10):
        for place, film in enumerate(drawn.sample(range(12), 7)):
            events.append(f"u{user},f{film},{1000 * place},{film % 2}")
    events.append("u0,f99,9000,1")  # no such film
    (folder / "items.csv").write_text("\n".join(films) + "\n")
    (folder / "events.csv").write_text("\n".join(events) + "\n")
    (folder / "schema.toml").write_text(schema)
    return folder


def tfmmrec(*arguments: Any) -> Any:
    """Runs the command in this process: ``exit_code``, ``stdout``, ``stderr``."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder; not to be changed."""
    return write_films(tmp_path_factory.mktemp("data") / "films")


@pytest.fixture
def own_films(tmp_path: Path) -> Callable[..., Path]:
    """Makes a data folder that a test may spoil."""
    return lambda schema=SCHEMA: write_films(tmp_path / "films", schema)


@pytest.fixture(scope="session")
def trained(films: Path, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What `tfmmrec train` left and said: ``folder``, ``result``."""
    folder = tmp_path_factory.mktemp("runs") / "films"
    result = tfmmrec("train", films, "--run", folder, "--cold-items", "0.2", "--k", "2,5", *SMALL)
    assert result.exit_code == 0, result.output
    return SimpleNamespace(folder=folder, result=result)


@pytest.fixture(scope="session")
def exported(trained: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What `tfmmrec export` left and said: ``folder``, ``result``."""
    folder = tmp_path_factory.mktemp("savedmodels") / "films" / "1"
    result = tfmmrec("export", trained.folder, folder)
    assert result.exit_code == 0, result.output
    return SimpleNamespace(folder=folder, result=result)


@pytest.fixture
def unshared(trained: SimpleNamespace, tmp_path: Path) -> Path:
    """A copy of the trained run that a test may spoil."""
    return shutil.copytree(trained.folder, tmp_path / "run")


@pytest.fixture(scope="session", name="tfmmrec")
def command() -> Callable[..., Any]:
    """`tfmmrec`."""
    return tfmmrec
