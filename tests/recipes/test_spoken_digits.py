"""The converter of spoken digits: on a few made-up recordings, and on the real data."""

import csv
import wave
from collections import Counter

import numpy as np
import pytest

from tfmmrec.data import load
from tfmmrec.recipes.spoken_digits import convert
from tfmmrec.schema import Schema


@pytest.fixture
def source(tmp_path):
    root = tmp_path / "downloads/spoken-digits"
    (root / "recordings").mkdir(parents=True)
    for name in ("7_ann_4", "7_ann_5", "7_ann_10", "7_ann_7", "0_bo_6", "0_ann_0", "1_bo_11"):
        with wave.open(str(root / f"recordings/{name}.wav"), "wb") as clip:
            clip.setnchannels(1)
            clip.setsampwidth(2)
            clip.setframerate(8000)
            clip.writeframes((900 * np.sin(np.arange(2000) * len(name))).astype("<i2").tobytes())
    (root / "README.md").write_text("about")
    return root


def test_items(source, tmp_path):
    folder = convert(source.parent, tmp_path / "out")
    # Numbers are numbers: 10 comes after 7.
    assert (folder / "items.csv").read_text() == (
        "item_id,recording,speaker,digit,split\n"
        "0_ann_0,recordings/0_ann_0.wav,ann,0,test\n"
        "7_ann_4,recordings/7_ann_4.wav,ann,7,test\n"
        "7_ann_5,recordings/7_ann_5.wav,ann,7,valid\n"
        "7_ann_7,recordings/7_ann_7.wav,ann,7,train\n"
        "7_ann_10,recordings/7_ann_10.wav,ann,7,train\n"
        "0_bo_6,recordings/0_bo_6.wav,bo,0,valid\n"
        "1_bo_11,recordings/1_bo_11.wav,bo,1,train\n"
    )
    recordings = sorted(path.name for path in (folder / "recordings").iterdir())
    assert recordings == sorted(path.name for path in (source / "recordings").iterdir())
    for name in recordings:
        assert (folder / "recordings" / name).read_bytes() == (source / "recordings" / name).read_bytes()


def test_it_can_be_loaded(source, tmp_path):
    folder = convert(source, tmp_path / "out")
    schema = Schema.from_toml(folder / "schema.toml")
    assert schema.user_id is None and [f.name for f in schema.features("item")] == ["recording"]
    data = load(folder, schema)
    assert data.problems == {"events: unusable digit": 2}
    assert data.events.split.tolist() == [2, 2, 1, 0, 0, 1, 0]
    # Digits of training are 7 and 1; the digit 0 is not among them, so its examples have no label.
    assert np.isnan(data.events.labels["digit"]).tolist() == [True, False, False, False, False, True, False]


@pytest.mark.parametrize("name", ["seven_ann_1.wav", "7_ann.wav", "7_ann_01.wav", "12_ann_1.wav"])
def test_recordings_of_other_names(source, tmp_path, name):
    (source / "recordings" / name).touch()
    with pytest.raises(ValueError, match=f"such as 7_george_12.wav, got .*{name}"):
        convert(source, tmp_path / "out")


def test_no_recordings(tmp_path):
    (tmp_path / "recordings").mkdir()
    with pytest.raises(ValueError, match="recordings to hold WAV files"):
        convert(tmp_path, tmp_path / "out")
    with pytest.raises(ValueError, match="to hold recordings, but it holds nothing"):
        convert(tmp_path / "recordings", tmp_path / "out")


def test_real(tfmmrec_data, tmp_path):
    folder = convert(tfmmrec_data, tmp_path / "out")
    with (folder / "items.csv").open() as stream:
        items = list(csv.DictReader(stream))
    # Six speakers said ten digits twelve times each.
    assert len(items) == 720
    assert set(Counter((item["speaker"], item["digit"]) for item in items).values()) == {12}
    assert Counter(item["split"] for item in items) == {"test": 300, "valid": 120, "train": 300}
    names = {path.name for path in (tfmmrec_data / "spoken-digits/recordings").iterdir()}
    assert {f"{item['item_id']}.wav" for item in items} == names
    assert all(item["item_id"].split("_")[:2] == [item["digit"], item["speaker"]] for item in items)
