"""The estimate of a run: what it counts exactly, how it scales, and that it leaves nothing behind."""

import tempfile
from collections import Counter

import numpy as np
import pytest
from PIL import Image as Pillow

from tfmmrec.data import Batches, load
from tfmmrec.inspection import estimate as module
from tfmmrec.inspection.estimate import _scaled, estimate
from tfmmrec.inspection.part import Part
from tfmmrec.modalities import Image, Vector
from tfmmrec.recipes.settings import Settings
from tfmmrec.schema import Schema
from tfmmrec.tasks import Binary, NextItem

SCHEMA = Schema(
    item=[Image("poster", height=16, width=16, tokens=1), Vector("v", file="v.npy")],
    tasks=[NextItem(), Binary("like")],
    timestamp="time",
)
SETTINGS = Settings(width=8, batch_events=32, epochs=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight items with posters, ten users with six events each."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "posters").mkdir()
    for item in range(8):
        Pillow.new("RGB", (20, 20), (30 * item, 0, 99)).save(folder / "posters" / f"{item}.png")
    items = ["item_id,poster", *(f"i{item},posters/{item}.png" for item in range(8)), "j,"]
    events = ["user_id,item_id,time,like"]
    events += [f"u{u},i{(u + n) % 8},{n},{n % 2}" for u in range(10) for n in range(6)]
    (folder / "items.csv").write_text("\n".join(items) + "\n")
    (folder / "events.csv").write_text("\n".join(events) + "\n")
    np.save(folder / "v.npy", np.random.default_rng(0).normal(size=(9, 5)).astype("float32"))
    return folder


def test_small_data_is_looked_at_as_a_whole(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    found = estimate(folder, SCHEMA, SETTINGS)
    assert found.rows == found.looked_at == {"events": 60, "items": 9}
    assert not list(tmp_path.glob("tfmmrec-*"))
    data = load(folder, SCHEMA, prepared=tmp_path / "prepared")
    arrays = [path for path in (tmp_path / "prepared").rglob("*.npy") if path.stem != "start"]
    media = [path for path in arrays if path.parent.name == "poster"]  # decoded ones are kept beside the runs
    wanted = sum(np.load(path).nbytes for path in [*arrays, *media]) + 6 * 4 * found.parameters
    assert found.disk_bytes == wanted
    assert found.steps == len(Batches(data, SCHEMA, batch_events=32))
    assert found.epoch_seconds >= found.steps * found.step_seconds > 0
    assert found.train_seconds > 3 * found.epoch_seconds
    assert found.memory_bytes > 50e6 and found.prepare_seconds > 0


@pytest.mark.slow
def test_more_rows_than_are_looked_at_scale(folder, monkeypatch):
    monkeypatch.setattr(module, "_ROWS", 24)
    monkeypatch.setattr(module, "_MEDIA", 4)
    found = estimate(folder, SCHEMA, Settings(width=8, batch_events=3, epochs=3))
    assert found.looked_at == {"events": 24, "items": 9}  # the first events mention all but one
    whole = estimate(folder, SCHEMA, Settings(width=8, batch_events=8, epochs=3))
    assert found.disk_bytes == pytest.approx(whole.disk_bytes, rel=0.02)


def test_a_stage_takes_for_further_rows_what_further_rows_took():
    def part(seconds, events, media):
        return Part(None, Counter(seconds), {"events": events, "items": 40}, {"items": media})

    small = part({"items: poster": 2.0, "events: kind": 1.0, "items: plot": 3.0}, 100, 10)
    large = part({"items: poster": 5.0, "events: kind": 1.5, "items: plot": 2.5}, 400, 40)
    assert _scaled(small, large, "items: poster", (1040, True)) == pytest.approx(5 + 0.1 * 1000)
    assert _scaled(small, large, "events: kind", (1000, False)) == pytest.approx(1.5 + 600 * 0.5 / 300)
    assert _scaled(small, large, "items: plot", (40, False)) == 2.5


def test_what_a_run_would_refuse_is_refused(folder):
    with pytest.raises(ValueError, match="width must be a multiple of 4"):
        estimate(folder, SCHEMA, Settings(width=10))
